import Glibc
import NIOCore
import Patchbay
import PatchbayNoise
import Testing

@Suite("Authentication end to end", .timeLimit(.minutes(1)))
struct AuthenticationTests {
    private static let key = "0123456789abcdef0123456789abcdef"

    /// A listener that echoes, and what went wrong with its peers.
    private func withEcho(
        _ url: ConnectionURL,
        _ body: (Listener, AsyncStream<PatchbayError.Code>) async throws -> Void
    ) async throws {
        let listener = try await Listener.bind(url)
        let failures = AsyncStream.makeStream(of: PatchbayError.Code.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.run(onEvent: { event in
                    switch event {
                    case .handshakeFailed(_, let error as PatchbayError), .connectionFailed(_, let error as PatchbayError):
                        failures.continuation.yield(error.code)
                    default: break
                    }
                }) { connection in
                    while let message = try await connection.receiveBytes() { try await connection.send(bytes: message) }
                }
            }
            try await body(listener, failures.stream)
            listener.stop(drain: .seconds(5))
            try await group.waitForAll()
        }
    }

    private func roundTrip(_ url: ConnectionURL) async throws {
        try await withConnection(to: url) { connection in
            for size in [0, 5, 16_384, 100_000, 2 << 20] {
                try await connection.send(bytes: pattern(size))
                let echo = try await connection.receiveBytes(timeout: .seconds(20))
                #expect(echo == pattern(size))
            }
        }
    }

    @Test("hmac admits the right key and refuses the wrong one at both ends", arguments: Medium.sockets)
    func hmac(medium: Medium) async throws {
        let target = medium.target()
        func url(_ bound: String, _ key: String) throws -> ConnectionURL {
            try ConnectionURL("hmac+" + bound.replacing("://", with: "://:\(key)@"))
        }
        try await withEcho(url(target, Self.key)) { listener, failures in
            let bound = String(listener.url.dropFirst("hmac+".count))
            try await roundTrip(url(bound, Self.key))
            for _ in 0..<5 {
                let wrong = try url(bound, String(Self.key.reversed()))
                #expect(await thrown { _ = try await Connection.connect(to: wrong) } == .authenticationFailed)
                #expect(await failures.first { _ in true } == .authenticationFailed)
            }
            try await roundTrip(url(bound, Self.key))
        }
    }

    struct Noise: Sendable, CustomTestStringConvertible {
        var pattern: String
        var cipher: String
        var medium: Medium

        var testDescription: String { "\(pattern), \(cipher), \(medium)" }

        static let all = ["nnpsk0", "xx", "ik"].flatMap { pattern in
            ["chachapoly", "aesgcm"].flatMap { cipher in Medium.sockets.map { Noise(pattern: pattern, cipher: cipher, medium: $0) } }
        }
    }

    @Test("noise carries user, data and messages of any size, and refuses a stranger at both ends", arguments: Noise.all)
    func noise(_ noise: Noise) async throws {
        let (own, other, stranger) = (NoiseKeyPair(), NoiseKeyPair(), NoiseKeyPair())
        func options(_ pair: NoiseKeyPair, peer: NoiseKeyPair, key: String) -> String {
            let secret =
                noise.pattern == "nnpsk0" ? "noise.key=\(key)" : "noise.private-key=\(pair.privateText)&noise.peer=\(peer.publicText)"
            return "noise.pattern=\(noise.pattern)&noise.cipher=\(noise.cipher)&\(secret)"
        }
        let target = noise.medium.target()
        // As text: interpolated into a URL, options would be encoded.
        let listening = "noise+\(target)?\(options(other, peer: own, key: Self.key))"
        try await withEcho(ConnectionURL(listening)) { listener, failures in
            let bound = listener.url.replacing("://", with: "://ada@")
            let dialing = "\(bound)?data.task=resize&\(options(own, peer: other, key: Self.key))"
            let url = try ConnectionURL(dialing)
            try await roundTrip(url)
            try await withConnection(to: url) { connection in
                #expect(connection.peer.identity == (noise.pattern == "nnpsk0" ? nil : "noise:\(other.publicText)"))
            }
            let strange = "\(bound)?\(options(stranger, peer: other, key: String(Self.key.reversed())))"
            let wrong = try ConnectionURL(strange)
            #expect(await thrown { _ = try await Connection.connect(to: wrong) } == .authenticationFailed)
            #expect(await failures.first { _ in true } == .authenticationFailed)
            try await roundTrip(url)
        }
    }

    @Test("peercred admits this user, and refuses where another is demanded")
    func peerCredentials() async throws {
        let target = Medium.unix.target()
        try await withEcho(ConnectionURL("peercred+" + target + "?uid=self")) { listener, _ in
            try await roundTrip(ConnectionURL(String(listener.url) + "?uid=self"))
        }
        try await withEcho(ConnectionURL("peercred+" + target + "?uid=" + String(getuid() + 1))) { listener, failures in
            #expect(
                await thrown { _ = try await Connection.connect(to: ConnectionURL(String(listener.url) + "?uid=self")) }
                    == .authenticationFailed
            )
            #expect(await failures.first { _ in true } == .authenticationFailed)
        }
    }

    /// Passes bytes on in both directions, one of them changed.
    private func proxy(_ client: any ByteStream, _ server: any ByteStream, flipping offset: Int) async {
        await withDiscardingTaskGroup { group in
            for (from, to, changes) in [(client, server, true), (server, client, false)] {
                group.addTask {
                    var seen = 0
                    while var bytes = try? await from.next() {
                        if changes, offset >= seen, offset < seen + bytes.count { bytes[offset - seen] ^= 0x20 }
                        seen += bytes.count
                        guard await to.put(bytes) else { break }
                    }
                    to.shutdownOutput()
                }
            }
        }
        client.close(abort: false)
        server.close(abort: false)
    }

    @Test(
        "a byte that is changed on the way is never taken for the message",
        arguments: [0, 4, 5, 9, 20, 60, 100, 140, 170, 200, 220, 240, 260, 300]
    )
    func tampered(offset: Int) async throws {
        let reactor = ReactorGroup.shared.next()
        let front = try SocketListener.bind(to: .ipv4([127, 0, 0, 1], port: 0), backlog: 8, settings: TCPSettings(), reactor: reactor)
        defer { front.close() }
        let port = try #require(front.address?.port)
        try await withEcho(ConnectionURL("hmac+tcp://:" + Self.key + "@127.0.0.1")) { listener, _ in
            let back = try #require(listener.address)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    guard let client = try await front.accept({ reactor }) else { return }
                    let server = try await SocketStream.connect(to: back, settings: TCPSettings(), reactor: reactor)
                    await proxy(client, server, flipping: offset)
                }
                let code = await thrown {
                    let url = try ConnectionURL("hmac+tcp://:" + Self.key + "@127.0.0.1:" + String(port))
                    let connection = try await Connection.connect(to: url)
                    try await connection.send(bytes: pattern(400))
                    let echo = try await connection.receiveBytes(timeout: .seconds(20))
                    #expect(echo == nil || echo == pattern(400))
                    await connection.close()
                    if echo != nil { throw PatchbayError(PatchbayError.Code("echoed"), "", stage: .receive) }
                }
                #expect(code != nil && code != PatchbayError.Code("echoed"))
                try await group.waitForAll()
            }
        }
    }

    @Test("a secured stream that ends without its authenticated end is truncated", arguments: Medium.sockets)
    func truncated(medium: Medium) async throws {
        let wiring = Wiring(layers: "hmac+", dialer: "key=" + Self.key, listener: "key=" + Self.key)
        try await withPair(medium, wiring) { dialed, accepted in
            try await dialed.send(text: "whole")
            dialed.flush()
            #expect(try await accepted.receiveText() == "whole")
            // The system's end, without the record that this stack ends with.
            shutdown(try #require(dialed.descriptor), CInt(SHUT_WR))
            #expect(await thrown { _ = try await accepted.receiveBytes(timeout: .seconds(20)) } == .truncated)
        }
        try await withPair(medium, wiring) { dialed, accepted in
            try await dialed.send(text: "whole")
            try await dialed.finishSending()
            #expect(try await accepted.receiveText() == "whole")
            #expect(try await accepted.receiveText() == nil)
        }
    }
}

extension ByteStream {
    /// What is there, waiting for at least a byte; nil at the end.
    func next() async throws -> [UInt8]? {
        var buffer = ByteBuffer()
        while true {
            switch read(into: &buffer, upTo: 65_536) {
            case .bytes: return Array(buffer.readableBytesView)
            case .end: return nil
            case .failed(let failure): throw failure
            case .blocked:
                let gate = ReadinessGate()
                await gate.wait { whenReadable(gate) }
            }
        }
    }

    /// - Returns: false where the stream failed.
    func put(_ bytes: [UInt8]) async -> Bool {
        var sent = 0
        while sent < bytes.count {
            switch bytes[sent...].withUnsafeBytes({ write($0, UnsafeRawBufferPointer(start: nil, count: 0)) }) {
            case .bytes(let count): sent += count
            case .failed: return false
            case .blocked:
                let gate = ReadinessGate()
                await gate.wait { whenWritable(gate) }
            }
        }
        return true
    }
}
