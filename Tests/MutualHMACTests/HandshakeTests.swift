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

    @Test("two ends with one key and one greeting agree on everything")
    func agreement() throws {
        var pair = try HandshakePair(Self.authenticator(), Self.authenticator(), dialed: Self.transcript, listened: Self.transcript)
        let (dialer, listener) = try pair.run()
        let bytes = ByteBuffer(string: "all that went before")
        #expect(dialer.exportedMAC?(bytes) == listener.exportedMAC?(bytes))
        #expect(pair.messages.map(\.from) == [.dialer, .listener])
        for (sealing, opening) in [(dialer, listener), (listener, dialer)] {
            var sealer = try #require(sealing.transform).makeSealer()
            var opener = try #require(opening.transform).makeOpener()
            var wire = ByteBuffer()
            var plain = ByteBuffer()
            try bytes.withUnsafeReadableBytes { try sealer.seal($0, into: &wire) }
            #expect(try opener.open(&wire, into: &plain, upTo: 1024) == .bytes(bytes.readableBytes))
            #expect(plain == bytes)
        }
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
    func otherTranscript() throws {
        for index in 0..<Self.transcript.readableBytes {
            var changed = Self.transcript
            changed.setInteger(try #require(changed.getInteger(at: index, as: UInt8.self)) ^ 1, at: index)
            var pair = try HandshakePair(Self.authenticator(), Self.authenticator(), dialed: Self.transcript, listened: changed)
            #expect(HandshakePair.code { _ = try pair.run() } == .authenticationFailed)
        }
    }

    @Test("a proof of an earlier handshake is worth nothing under a new nonce")
    func replay() throws {
        var earlier = try HandshakePair(Self.authenticator(), Self.authenticator(), dialed: Self.transcript, listened: Self.transcript)
        _ = try earlier.run()
        let fresh = ByteBuffer(bytes: 101..<181)
        for index in 0...1 {
            var pair = try HandshakePair(Self.authenticator(), Self.authenticator(), dialed: fresh, listened: fresh)
            #expect(HandshakePair.code { _ = try pair.run { $0 == index ? earlier.messages[$0].bytes : $1 } } == .authenticationFailed)
        }
    }

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
    func flips() throws {
        for message in 0...1 {
            for bit in 0..<256 {
                var pair = try HandshakePair(Self.authenticator(), Self.authenticator(), dialed: Self.transcript, listened: Self.transcript)
                let code = HandshakePair.code {
                    _ = try pair.run { index, bytes in
                        guard index == message else { return bytes }
                        var array = Array(bytes.readableBytesView)
                        array[bit / 8] ^= 1 << (bit % 8)
                        return ByteBuffer(bytes: array)
                    }
                }
                #expect(code == .authenticationFailed)
            }
        }
    }

    @Test("a proof of another length is a violation", arguments: [0, 1, 31, 33, 4096])
    func lengths(_ count: Int) throws {
        for role in [Role.dialer, .listener] {
            var handshake = try Self.authenticator().makeHandshake(HandshakeContext(role: role, transcript: Self.transcript))
            _ = try handshake.step(.start)
            #expect(HandshakePair.code { _ = try handshake.step(.message(ByteBuffer(repeating: 7, count: count))) } == .protocolViolation)
        }
    }

    @Test("what comes out of turn is a violation, and after a failure everything is")
    func outOfTurn() throws {
        for role in [Role.dialer, .listener] {
            let context = HandshakeContext(role: role, transcript: Self.transcript)
            for input in [HandshakeInput.message(ByteBuffer(repeating: 0, count: 32)), .verdict(true)] {
                var handshake = try Self.authenticator().makeHandshake(context)
                #expect(HandshakePair.code { _ = try handshake.step(input) } == .protocolViolation)
                #expect(HandshakePair.code { _ = try handshake.step(.start) } == .protocolViolation)
            }
            var handshake = try Self.authenticator().makeHandshake(context)
            _ = try handshake.step(.start)
            #expect(HandshakePair.code { _ = try handshake.step(.start) } == .protocolViolation)
        }
    }

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
