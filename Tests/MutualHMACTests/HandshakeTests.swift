internal import AuthenticatorTestSupport
internal import FuzzSupport
internal import NIOCore
internal import PatchbayCore
internal import Testing

@testable internal import PatchbayMutualHMAC

@Suite("The exchange of proofs")
struct HandshakeTests {
    static let transcript = ByteBuffer(bytes: 100..<180)
    static let key = "a key of more than sixteen bytes"

    static func authenticator(_ key: String = key) throws -> MutualHMACAuthenticator {
        MutualHMACAuthenticator(key: ByteBuffer(string: key))
    }

    private let checks = HandshakeChecks(transcript: Self.transcript) { _ in try Self.authenticator() }

    @Test("two ends with one key and one greeting agree on everything")
    func agreement() throws {
        var pair = try checks.pair()
        let (dialer, listener) = try pair.run()
        #expect(pair.messages.map(\.from) == [.dialer, .listener])
        try checks.seals(dialer, listener)
    }

    @Test("another key is refused by the listener, which has proved nothing by then")
    func wrongKey() throws {
        var pair = try HandshakePair(
            Self.authenticator(),
            Self.authenticator("another key, of as many bytes..."),
            dialed: Self.transcript,
            listened: Self.transcript
        )
        #expect(HandshakePair.code { _ = try pair.run() } == .authenticationFailed)
        #expect(pair.messages.map(\.from) == [.dialer])
    }

    @Test("a greeting that reads differently at the two ends is refused, at each of its bytes")
    func otherTranscript() throws { try checks.otherTranscript() }

    @Test("a proof of an earlier handshake is worth nothing under a new nonce")
    func replay() throws { try checks.replay() }

    @Test("a proof sent back to the end that made it is refused")
    func reflection() throws {
        var dialer = try Self.authenticator().makeHandshake(HandshakeContext(role: .dialer, transcript: Self.transcript))
        let proof = try #require(try dialer.step(.start).output.first)
        #expect(HandshakePair.code { _ = try dialer.step(.message(proof)) } == .authenticationFailed)

        // A second connection to the listener does not serve as an oracle for the first either: it answers dialers alone.
        var listener = try Self.authenticator().makeHandshake(HandshakeContext(role: .listener, transcript: Self.transcript))
        _ = try listener.step(.start)
        let answer = try #require(try listener.step(.message(proof)).output.first)
        var other = try Self.authenticator().makeHandshake(HandshakeContext(role: .listener, transcript: Self.transcript))
        _ = try other.step(.start)
        #expect(HandshakePair.code { _ = try other.step(.message(answer)) } == .authenticationFailed)
    }

    @Test("every bit of each proof counts")
    func flips() throws { try checks.flips() }

    @Test("a proof of another length is a violation", arguments: [0, 1, 31, 33, 4096])
    func lengths(_ count: Int) throws {
        for role in [Role.dialer, .listener] {
            var handshake = try Self.authenticator().makeHandshake(HandshakeContext(role: role, transcript: Self.transcript))
            _ = try handshake.step(.start)
            #expect(HandshakePair.code { _ = try handshake.step(.message(ByteBuffer(repeating: 7, count: count))) } == .protocolViolation)
        }
    }

    @Test("what comes out of turn is a violation, and after a failure everything is")
    func outOfTurn() throws { try checks.outOfTurn() }

    @Test("a greeting without nonces is refused")
    func noGreeting() throws {
        let authenticator = try Self.authenticator()
        #expect(HandshakePair.code { _ = try authenticator.makeHandshake(HandshakeContext(role: .dialer)) } == .unsupported)
    }

    @Test("no handshake survives 20,000 forged messages, and none traps")
    func fuzz() throws {
        var generator = FuzzSource.forTest()
        let authenticator = try Self.authenticator()
        var pair = try HandshakePair(authenticator, authenticator, dialed: Self.transcript, listened: Self.transcript)
        _ = try pair.run()
        let valid = pair.messages.map { Array($0.bytes.readableBytesView) }
        for round in 0..<20_000 {
            let role = round & 1 == 0 ? Role.dialer : .listener
            var bytes: [UInt8]
            if round & 2 == 0 {
                bytes = generator.input(from: [], longest: 64)
            } else {
                bytes = valid[role == .dialer ? 1 : 0]
                bytes[Int.random(in: 0..<32, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator)
                if round & 4 == 0 { bytes.removeLast(Int.random(in: 0...32, using: &generator)) }
            }
            var handshake = try authenticator.makeHandshake(HandshakeContext(role: role, transcript: Self.transcript))
            _ = try handshake.step(.start)
            let code = HandshakePair.code { _ = try handshake.step(.message(ByteBuffer(bytes: bytes))) }
            #expect(code == (bytes.count == 32 ? .authenticationFailed : .protocolViolation))
        }
    }
}
