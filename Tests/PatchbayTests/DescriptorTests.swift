import CPatchbayIO
import Glibc
import NIOCore
import Patchbay
import PatchbayTesting
import Testing

@Suite("Descriptors between messages", .timeLimit(.minutes(1)))
struct DescriptorTests {
    private static let stacks = ["", "json+lines+bare+", "length32+bare+", "base64+"]

    private func withPair(_ layers: String, _ body: (Connection, Connection) async throws -> Void) async throws {
        try await PatchbayTests.withPair(.unix, Wiring(layers: layers, dialer: "descriptors=true", listener: "descriptors=true"), body)
    }

    @Test("they keep their place among messages that come in one burst, both ways", arguments: stacks)
    func burst(layers: String) async throws {
        try await withPair(layers) { dialed, accepted in
            for (sender, receiver) in [(dialed, accepted), (accepted, dialed)] {
                try await sender.send(pipeHolding: "first of all")
                try await sender.send(text: "one")
                try await sender.send(pipeHolding: "behind one")
                try await sender.send(pipeHolding: "and another")
                try await sender.send(text: "two")
                try await sender.send(bytes: ByteBuffer(repeating: 0x61, count: 300_000 / 4))
                try await sender.send(pipeHolding: "last")
                #expect(try await receiver.receivePipe() == "first of all")
                #expect(try await receiver.receiveText() == "one")
                #expect(try await receiver.receivePipe() == "behind one")
                #expect(try await receiver.receivePipe() == "and another")
                #expect(try await receiver.receiveText() == "two")
                #expect(try await receiver.receiveBytes(timeout: .seconds(20))?.readableBytes == 75_000)
                #expect(try await receiver.receivePipe() == "last")
            }
            try await dialed.finishSending()
            #expect(try await accepted.receiveDescriptor(timeout: .seconds(20)) == nil)
            #expect(try await accepted.receiveText() == nil)
        }
    }

    @Test("whoever asks for the other thing is told so, and loses nothing", arguments: stacks)
    func outOfTurn(layers: String) async throws {
        try await withPair(layers) { dialed, accepted in
            try await dialed.send(text: "one")
            try await dialed.send(pipeHolding: "a pipe")
            try await dialed.send(text: "two")
            dialed.flush()
            for _ in 0..<2 { #expect(await thrown { _ = try await accepted.receivePipe() } == .outOfTurn) }
            #expect(try await accepted.poll(timeout: .seconds(20)))
            #expect(await thrown { _ = try await accepted.receivePipe() } == .outOfTurn)
            #expect(try await accepted.receiveText() == "one")
            for _ in 0..<2 { #expect(await thrown { _ = try await accepted.receiveText() } == .outOfTurn) }
            #expect(try await accepted.poll())
            #expect(try accepted.receiveAvailable { _ in } == 0)
            #expect(try await accepted.receivePipe() == "a pipe")
            #expect(try await accepted.receiveText() == "two")
        }
    }

    @Test("a call that waits gets what comes, times out without a loss, and is cancelled", arguments: ["", "length+bare+"])
    func waiting(layers: String) async throws {
        try await withPair(layers) { dialed, accepted in
            #expect(await thrown { _ = try await accepted.receiveDescriptor(timeout: .milliseconds(5)) } == .timedOut)
            let cancelled = Task { try await accepted.receivePipe() }
            cancelled.cancel()
            await #expect(throws: CancellationError.self) { try await cancelled.value }
            async let received = accepted.receivePipe()
            try await dialed.send(pipeHolding: "late")
            #expect(try await received == "late")
        }
    }

    @Test("a descriptor that leaves together with the greeting's last words arrives")
    func atOnce() async throws {
        let wiring = Wiring(layers: "json+", dialer: "descriptors=true", listener: "descriptors=true")
        let listener = try await Listener.bind(Medium.unix.url(wiring))
        defer { listener.close() }
        async let accepting = listener.accept()
        let dialed = try await Connection.connect(to: listener.dialable(wiring))
        try await dialed.send(pipeHolding: "early")
        let accepted = try await accepting
        #expect(try await accepted.receivePipe() == "early")
    }

    @Test("a slow peer makes the sender wait, and every descriptor arrives", arguments: ["", "length+bare+"])
    func slow(layers: String) async throws {
        try await withPair(layers) { dialed, accepted in
            let message = pattern(100_000)
            async let sending: Void = {
                for number in 0..<100 {
                    try await dialed.send(bytes: message)
                    try await dialed.send(pipeHolding: "\(number)")
                }
            }()
            for number in 0..<100 {
                #expect(try await accepted.receiveBytes(timeout: .seconds(20)) == message)
                #expect(try await accepted.receivePipe() == "\(number)")
            }
            try await sending
        }
    }

    @Test("what carries none says so before anything is dialled, or when it is asked")
    func unsupported() async throws {
        for url in ["tcp://127.0.0.1", "noise+unix:///tmp/never?key=0123456789abcdef", "bytes+none+bare+unix:///tmp/never"] {
            let url = url + (url.contains("?") ? "&" : "?") + "descriptors=true"
            let code = await thrown { _ = try await Listener.bind(try ConnectionURL(url)) }
            #expect(code == .unsupported, "\(url)")
        }
        try await PatchbayTests.withPair(.unix) { dialed, accepted in
            #expect(await thrown { try await dialed.sendDescriptor(0) } == .unsupported)
            #expect(await thrown { _ = try await accepted.receiveDescriptor() } == .unsupported)
        }
        let wiring = Wiring(dialer: "descriptors=true", listener: "descriptors=true")
        #expect(await thrown { try await PatchbayTests.withPair(.inproc, wiring) { _, _ in } } == .unsupported)
        let key = "key=0123456789abcdef&descriptors=true"
        let keyed = Wiring(layers: "hmac+", dialer: key, listener: key)
        #expect(await thrown { try await PatchbayTests.withPair(.unix, keyed) { _, _ in } } == .unsupported)
        try await withPair("") { dialed, _ in
            #expect(await thrown { try await dialed.sendDescriptor(-1) } == .invalidArgument)
            #expect(await thrown { try await dialed.sendDescriptor(1_000_000) } == .invalidArgument)
            try await dialed.finishSending()
            #expect(await thrown { try await dialed.sendDescriptor(0) } == .closed)
        }
    }

    @Test("a peer that takes none is told by name what came")
    func unasked() async throws {
        try await PatchbayTests.withPair(.unix, Wiring(dialer: "descriptors=true")) { dialed, accepted in
            try await dialed.send(pipeHolding: "unwanted")
            #expect(await thrown { _ = try await accepted.receiveText() } == .protocolViolation)
        }
    }

    // MARK: - Hostile peers

    /// Bytes and descriptors from a peer without rules.
    private func withRawPeer(_ layers: String, _ body: (_ raw: CInt, _ accepted: Connection) async throws -> Void) async throws {
        let listener = try await Listener.bind(Medium.unix.url(Wiring(layers: layers, listener: "descriptors=true")))
        defer { listener.close() }
        async let accepting = listener.accept()
        let raw = try await Connection.connect(to: listener.plain())
        let accepted = try await accepting
        try await body(try #require(raw.descriptor), accepted)
        raw.abort()
        await accepted.close()
    }

    private func put(_ raw: CInt, _ bytes: [UInt8], with descriptor: CInt? = nil) {
        let count = descriptor.map { cpb_send_descriptor(raw, bytes, bytes.count, $0) } ?? cpb_send(raw, bytes, bytes.count)
        #expect(count == bytes.count)
    }

    @Test("bytes without a descriptor are bytes, and a descriptor in the middle of a message is closed")
    func strayDescriptor() async throws {
        try await withRawPeer("bare+") { raw, accepted in
            var ends: [CInt] = [-1, -1]
            try #require(cpb_pipe(&ends) == 0)
            defer { close(ends[0]) }
            // A count without a descriptor is the beginning of a message.
            put(raw, [0])
            #expect(await thrown { _ = try await accepted.receivePipe() } == .outOfTurn)
            put(raw, [0, 0, 2])
            put(raw, [0x68], with: ends[1])
            put(raw, [0x69])
            #expect(try await accepted.receiveText() == "hi")
            put(raw, [0, 0, 0, 1, 0x61], with: ends[1])
            put(raw, [0, 0, 0, 1, 0x62], with: ends[1])
            #expect(try await accepted.receiveText() == "a")
            #expect(await thrown { _ = try await accepted.receivePipe() } == .outOfTurn)
            #expect(try await accepted.receiveText() == "b")
            put(raw, [1], with: ends[1])
            #expect(try await accepted.receiveDescriptor(timeout: .seconds(20)) != nil)
            close(ends[1])
            var byte: UInt8 = 0
            #expect(cpb_poll(ends[0], CInt(CPB_IN), 5000) == 1)
            #expect(cpb_read(ends[0], &byte, 1) == 0)
        }
    }

    @Test("a descriptor whose byte says another count ends the connection")
    func wrongCount() async throws {
        try await withRawPeer("bare+") { raw, accepted in
            let descriptor = try openPipe(holding: "")
            put(raw, [2], with: descriptor.number)
            for _ in 0..<2 { #expect(await thrown { _ = try await accepted.receivePipe() } == .protocolViolation) }
            #expect(await thrown { _ = try await accepted.receiveText() } == .protocolViolation)
        }
    }

    @Test("on our own wire, an announcement without a descriptor and a descriptor without one", arguments: [false, true])
    func ownWire(isAnnounced: Bool) async throws {
        try await withPair("") { dialed, accepted in
            // Nobody else writes on the socket by then.
            try await dialed.send(text: "up")
            dialed.flush()
            #expect(try await accepted.receiveText() == "up")
            let raw = try #require(dialed.descriptor)
            let descriptor = try openPipe(holding: "stray")
            if isAnnounced {
                put(raw, [0x80, 0, 0, 1, 9])
                #expect(await thrown { _ = try await accepted.receivePipe() } == .protocolViolation)
            } else {
                put(raw, [0, 0, 0, 1, 0x61], with: descriptor.number)
                #expect(try await accepted.receiveText() == "a")
                put(raw, [0x80, 0, 0, 1, 9])
                #expect(await thrown { _ = try await accepted.receiveText() } == .protocolViolation)
            }
        }
    }

    @Test("whatever comes and nobody takes, no descriptor is left open")
    func leaks() async {
        await #expect(processExitsWith: .success) {
            let test = DescriptorTests()
            try await test.mistreat()
            // Reactors are there by now, and stay.
            let files = openFiles().count
            for _ in 0..<20 { try await test.mistreat() }
            try await eventually { openFiles().count <= files }
        }
    }

    private func mistreat() async throws {
        try await withRawPeer("bare+") { raw, accepted in
            let descriptor = try openPipe(holding: "")
            for _ in 0..<50 { put(raw, [0, 0, 0, 1, 0x61], with: descriptor.number) }
            // One that is next, one behind it, and one that was not even read.
            for _ in 0..<3 { put(raw, [1], with: descriptor.number) }
            for _ in 0..<50 { #expect(try await accepted.receiveText() == "a") }
            #expect(await thrown { _ = try await accepted.receiveText() } == .outOfTurn)
        }
        try await withPair("") { dialed, accepted in
            for _ in 0..<3 { try await dialed.send(pipeHolding: "never taken") }
            #expect(await thrown { _ = try await accepted.receiveText() } == .outOfTurn)
            accepted.abort()
        }
        try await withPair("") { dialed, accepted in
            for _ in 0..<3 { try await dialed.send(pipeHolding: "never looked at") }
        }
    }
}
