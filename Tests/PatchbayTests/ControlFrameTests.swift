import NIOCore
import Patchbay
import Testing

/// Frames as docs/wire.md lays them out, sent by a peer that speaks plain bytes.
@Suite("Control frames of a peer", .timeLimit(.minutes(1)))
struct ControlFrameTests {
    private func withRawPeer(_ body: (_ raw: Connection, _ connection: Connection) async throws -> Void) async throws {
        let listener = try await Listener.bind(Medium.unix.url(Wiring(layers: "bare+")))
        defer { listener.close() }
        async let accepting = listener.accept()
        let raw = try await Connection.connect(to: listener.plain())
        try await body(raw, try await accepting)
    }

    private static let message: [UInt8] = [0, 0, 0, 2, 104, 105]

    @Test("a ping is answered with its bytes, in the middle of a message's fragments too")
    func ping() async throws {
        try await withRawPeer { raw, connection in
            // A fragment "h", a ping 01 02, and the last fragment "i".
            try await raw.send(bytes: ByteBuffer(bytes: [0x40, 0, 0, 1, 104] + [0x80, 0, 0, 3, 7, 1, 2] + [0, 0, 0, 1, 105]))
            #expect(try await connection.receiveText() == "hi")
            let pong = try await raw.receive(exactly: 7, timeout: .seconds(20))
            #expect(pong == ByteBuffer(bytes: [0x80, 0, 0, 3, 8, 1, 2]))
        }
    }

    @Test(
        "pongs and kinds that may be ignored are skipped",
        arguments: [[0x80, 0, 0, 3, 8, 1, 2], [0x80, 0, 0, 1, 0xc0], [0x80, 0, 0, 2, 0xff, 9]] as [[UInt8]]
    )
    func skipped(frame: [UInt8]) async throws {
        try await withRawPeer { raw, connection in
            try await raw.send(bytes: ByteBuffer(bytes: frame + Self.message))
            #expect(try await connection.receiveText() == "hi")
        }
    }

    @Test("CLOSE ends the conversation in order")
    func close() async throws {
        try await withRawPeer { raw, connection in
            try await raw.send(bytes: ByteBuffer(bytes: Self.message + [0x80, 0, 0, 1, 6]))
            #expect(try await connection.receiveText() == "hi")
            #expect(try await connection.receiveText() == nil)
        }
    }

    @Test(
        "frames that have no meaning, are malformed or too large end the connection with a protocol violation",
        arguments: [
            [0x80, 0, 0, 1, 1], [0x80, 0, 0, 1, 4], [0x80, 0, 0, 1, 9], [0x80, 0, 0, 1, 0xbf], [0x80, 0, 0, 0], [0xc0, 0, 0, 1, 7],
            [0x40, 0, 0, 0], [0xbf, 0xff, 0xff, 0xff, 7], [0x80, 0, 0, 66, 7] + [UInt8](repeating: 1, count: 65),
        ] as [[UInt8]]
    )
    func violation(frame: [UInt8]) async throws {
        try await withRawPeer { raw, connection in
            try await raw.send(bytes: ByteBuffer(bytes: Self.message + frame))
            #expect(try await connection.receiveText() == "hi")
            for _ in 0..<2 { #expect(await thrown { _ = try await connection.receiveText() } == .protocolViolation) }
            #expect(try await connection.poll())
        }
    }

    @Test("a peer that only pings and reads nothing makes no memory grow, and others are served")
    func pingFlood() async throws {
        try await withRawPeer { raw, connection in
            let ping = [0x80, 0, 0, 65, 7] + [UInt8](repeating: 1, count: 64)
            var flood = ByteBuffer()
            for _ in 0..<100_000 { flood.writeBytes(ping) }
            flood.writeBytes(Self.message)
            let frames = flood
            async let sending: Void = raw.send(bytes: frames)
            #expect(try await connection.receiveText() == "hi")
            try await sending
        }
    }
}
