import Glibc
import NIOCore
import Patchbay
import PatchbayCore
import Testing

/// What users of the systems that Patchbay takes over from had, row by row: each test is named for a row.
@Suite("What the systems before had", .timeLimit(.minutes(1)))
struct SeedFeatureTests {
    /// SOCK_STREAM, which the importer hides from a module that sees sockets through more than one header.
    private static let stream: CInt = 1

    /// One exchange each way over a URL's listener.
    private func converse(_ url: String, dialing: String? = nil) async throws -> Listener {
        let listener = try await Listener.bind(ConnectionURL(url))
        async let accepting = listener.accept()
        let dialed = try await Connection.connect(to: ConnectionURL(dialing ?? listener.url))
        try await dialed.send(text: "there")
        let accepted = try await accepting
        #expect(try await accepted.receiveText() == "there")
        try await accepted.send(text: "back")
        #expect(try await dialed.receiveText() == "back")
        await dialed.close()
        await accepted.close()
        return listener
    }

    private func path(_ name: String) -> String { "/tmp/patchbay-seed-\(getpid())-\(name).sock" }

    @Test("Unix sockets, the default address of the fastest family, and unlink on close")
    func unixAndDefaultAddress() async throws {
        let listener = try await converse("unix://")
        guard case .unix(let path)? = listener.address else {
            Issue.record("no Unix address: \(String(describing: listener.address))")
            return
        }
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        listener.close()
        #expect(stat(path, &status) == -1, "the socket file is left behind")
    }

    @Test("abstract Unix sockets")
    func abstractSockets() async throws { try await converse("abstract://patchbay-seed-\(getpid())").close() }

    @Test("TCP, and port 0")
    func tcp() async throws {
        let listener = try await converse("tcp://127.0.0.1:0")
        #expect((listener.address?.port ?? 0) > 0)
        listener.close()
    }

    @Test("IPv6")
    func ipv6() async throws { try await converse("tcp://[::1]:0").close() }

    @Test("an in-process pair, and a one-way pair")
    func pairs() async throws {
        let (first, second) = try Connection.pipe()
        try await first.send(text: "over")
        #expect(try await second.receiveText() == "over")
        let (reader, writer) = try Connection.pipe(duplex: false)
        try await writer.send(text: "one way")
        #expect(try await reader.receiveText() == "one way")
        #expect(await thrown { try await reader.send(text: "back") } == .wrongDirection)
        #expect(await thrown { _ = try await writer.receiveBytes() } == .wrongDirection)
    }

    @Test("the family is inferred from the address: a path, host:port, a name")
    func inferredFamily() throws {
        let transports = try ["/run/a.sock", "localhost:6000", "worker"].map {
            try Registry.standard.resolve(ConnectionURL($0), for: .dialer).transportName
        }
        #expect(transports == ["unix", "tcp", "node"])
    }

    @Test("a node's name instead of an address")
    func nodeNames() async throws {
        let name = "seed-\(getpid())"
        try await converse("node://\(name)", dialing: name).close()
    }

    @Test("message boundaries, and a maximum size that is enforced")
    func boundariesAndMaximum() async throws {
        let listener = try await Listener.bind("tcp://127.0.0.1:0?max-message=1KiB")
        async let accepting = listener.accept()
        let dialed = try await Connection.connect(to: ConnectionURL(listener.url + "?max-message=1KiB"))
        for text in ["a", "", "bc"] { try await dialed.send(text: text) }
        let accepted = try await accepting
        for text in ["a", "", "bc"] { #expect(try await accepted.receiveText() == text) }
        #expect(await thrown { try await dialed.send(text: String(repeating: "x", count: 1025)) } == .messageTooLarge)
        try await dialed.send(text: "goes on")
        #expect(try await accepted.receiveText() == "goes on")
        listener.close()
    }

    @Test("messages over 2 GiB, at the framing", arguments: ["length64", "python-frames", "varint", "textual-length"])
    func beyondTwoGibibytes(name: String) throws {
        let stack = try Registry.standard.resolve(ConnectionURL(name + "+bare+tcp://h:1"), for: .dialer)
        let length = 3 << 30
        var header = ByteBuffer()
        try stack.framing.writeHeader(bodyBytes: length, into: &header)
        var decoder = stack.framing.makeDecoder()
        let scan = try header.withUnsafeReadableBytes { try decoder.scan($0, atEnd: false, maximum: 4 << 30) }
        #expect(scan == .need(header.readableBytes + length))
    }

    @Test("receive into a buffer, at an offset; too small holds the message, and the connection goes on")
    func receiveInto() async throws {
        let (first, second) = try Connection.pipe()
        for text in ["1234", "123456789", "after"] { try await first.send(text: text) }
        var buffer = [UInt8](repeating: 0, count: 8)
        #expect(try await second.receive(into: &buffer, at: 2) == 4)
        #expect(buffer == [0, 0] + Array("1234".utf8) + [0, 0])
        let error = await #expect(throws: PatchbayError.self) { try await second.receive(into: &buffer) }
        #expect(error?.code == .bufferTooSmall && error?.payload == ByteBuffer(string: "123456789"))
        #expect(try await second.receiveText() == "after")
    }

    @Test("objects of any shape", arguments: ["json", "msgpack", "cbor", "pickle"])
    func objects(codec: String) async throws {
        let listener = try await Listener.bind(ConnectionURL(codec + "+unix://"))
        async let accepting = listener.accept()
        let dialed = try await Connection.connect(to: ConnectionURL(listener.url))
        let value: Value = ["task": "resize", "sizes": [640, 480], "ratio": 1.5, "last": nil, "done": true]
        try await dialed.send(value)
        let accepted = try await accepting
        #expect(try await accepted.receive(as: Value.self) == value)
        listener.close()
    }

    @Test("separate, length-prefixed and textual-length-prefixed, byte for byte as tremor writes them")
    func tremorFramings() async throws {
        let expected: [(String, [UInt8])] = [
            ("separated", Array("snot\nbadger\n".utf8)),
            ("length64", [0, 0, 0, 0, 0, 0, 0, 4] + Array("snot".utf8) + [0, 0, 0, 0, 0, 0, 0, 6] + Array("badger".utf8)),
            ("textual-length", Array("4 snot6 badger".utf8)),
        ]
        for (framing, bytes) in expected {
            let listener = try await Listener.bind("none+bare+unix://")
            async let accepting = listener.accept()
            let target = listener.url.replacing("none+", with: "\(framing)+")
            let dialed = try await Connection.connect(to: ConnectionURL(target))
            for text in ["snot", "badger"] { try await dialed.send(text: text) }
            try await dialed.finishSending()
            let accepted = try await accepting
            let received = try await accepted.receive(exactly: bytes.count)
            #expect(received.map { Array($0.readableBytesView) } == bytes, "\(framing)")
            listener.close()
        }
    }

    @Test("a chain of processors")
    func processors() async throws { try await converse("base64+remove-empty+lines+bare+unix://").close() }

    @Test("a version handshake, and handshake data from user and query; peer metadata")
    func handshakeData() async throws {
        let listener = try await Listener.bind("unix://")
        async let accepting = listener.accept()
        let dialed = try await Connection.connect(to: ConnectionURL(listener.url + "?data.room=blue&data.seat=4"))
        let accepted = try await accepting
        #expect(accepted.peer.data.pairs == [.init("room", "blue"), .init("seat", "4")])
        #expect(accepted.peer.credentials?.processID == getpid())
        #expect(accepted.peer.number != dialed.peer.number)
        listener.close()
    }

    @Test("mutual authentication by HMAC")
    func mutualHMAC() async throws {
        let key = "0123456789abcdef0123456789abcdef"
        let listener = try await Listener.bind("hmac+tcp://:\(key)@127.0.0.1:0")
        async let accepting = listener.accept()
        let port = listener.address?.port ?? 0
        let wrong = await thrown {
            _ = try await Connection.connect(to: "hmac+tcp://:\("another key of the length")@127.0.0.1:\(port: Int(port))")
        }
        #expect(wrong == .authenticationFailed)
        let dialed = try await Connection.connect(to: "hmac+tcp://:\(key)@127.0.0.1:\(port: Int(port))")
        try await dialed.send(text: "known")
        let accepted = try await accepting
        #expect(try await accepted.receiveText() == "known")
        listener.close()
    }

    @Test("poll, wait on many, and timeouts")
    func pollAndWait() async throws {
        let (first, second) = try Connection.pipe()
        let (third, fourth) = try Connection.pipe()
        #expect(try await second.poll() == false)
        #expect(try await Connection.wait(for: [.connection(second), .connection(fourth)], timeout: .milliseconds(10)).isEmpty)
        #expect(await thrown { _ = try await second.receiveBytes(timeout: .milliseconds(5)) } == .timedOut)
        try await third.send(text: "ready")
        third.flush()
        #expect(try await Connection.wait(for: [.connection(second), .connection(fourth)]) == [1])
        try await first.send(text: "as well")
        first.flush()
        #expect(try await second.poll(timeout: nil))
        var ends: [CInt] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { Glibc.close(end) } }
        #expect(try await Connection.wait(for: [.descriptor(ends[0])], timeout: .zero).isEmpty)
        #expect(Glibc.write(ends[1], "x", 1) == 1)
        #expect(try await Connection.wait(for: [.descriptor(ends[0]), .connection(fourth)]) == [0, 1])
    }

    @Test("receive exactly N bytes of a stream")
    func receiveN() async throws {
        let listener = try await Listener.bind("none+bare+unix://")
        async let accepting = listener.accept()
        let dialed = try await Connection.connect(to: ConnectionURL(listener.url))
        try await dialed.send(text: "abcdefgh")
        try await dialed.finishSending()
        let accepted = try await accepting
        for expected in ["abc", "de", "fgh"] {
            let bytes = try await accepted.receive(exactly: expected.utf8.count)
            #expect(bytes.map { String(buffer: $0) } == expected)
        }
        #expect(try await accepted.receive(exactly: 1) == nil)
        listener.close()
    }

    @Test("socket permissions in tremor's notation, and a stale path that is replaced")
    func permissionsAndStalePath() async throws {
        let path = path("stale")
        defer { unlink(path) }
        // What a listener that was killed leaves behind: a bound socket that nobody answers on.
        let dead = socket(AF_UNIX, Self.stream, 0)
        let bound = Address.unix(path).withSystemAddress { bind(dead, $0.assumingMemoryBound(to: sockaddr.self), $1) }
        Glibc.close(dead)
        #expect(bound == 0)
        let listener = try await converse("unix://\(path)?permissions==640")
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o640)
        #expect(await thrown { _ = try await Listener.bind(ConnectionURL("unix://" + path)) } == .addressInUse)
        listener.close()
    }

    @Test("a backlog, and a cost with the defaults of each transport")
    func backlogAndCost() async throws {
        try await converse("tcp://127.0.0.1:0?backlog=1").close()
        let costs = try ["node://a", "unix:///a/b", "tcp://h:1", "tcp://h:1?cost=7"].map {
            try Registry.standard.resolve(ConnectionURL($0), for: .dialer).connection.cost
        }
        #expect(costs == [25, 50, 100, 7])
    }
}
