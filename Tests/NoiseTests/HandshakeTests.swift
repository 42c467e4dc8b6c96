internal import AuthenticatorTestSupport
internal import Crypto
internal import FoundationEssentials
internal import FuzzSupport
internal import NIOCore
internal import PatchbayCore
internal import Testing

@testable internal import PatchbayNoise

@Suite("The handshake of noise")
struct HandshakeTests {
    static let transcript = ByteBuffer(bytes: 100..<180)
    static let key = "a key of more than sixteen bytes"
    static let dialer = NoiseKeyPair()
    static let listener = NoiseKeyPair()

    /// One end's authenticator.
    static func authenticator(
        _ pattern: NoisePattern,
        _ role: Role,
        cipher: NoiseCipher = .chachapoly,
        key: String = key,
        pair: NoiseKeyPair? = nil,
        peers: [String]? = nil
    ) throws -> NoiseAuthenticator {
        let own = pair ?? (role == .dialer ? dialer : listener)
        return try NoiseAuthenticator(
            pattern: pattern,
            cipher: cipher,
            key: pattern.hasSharedKey ? ByteBuffer(string: key) : nil,
            privateKey: pattern.hasStaticKeys ? ByteBuffer(string: own.privateText) : nil,
            peers: pattern.hasStaticKeys ? peers ?? [(role == .dialer ? listener : dialer).publicText] : []
        )
    }

    static func checks(_ pattern: NoisePattern, cipher: NoiseCipher = .chachapoly) -> HandshakeChecks {
        HandshakeChecks(transcript: transcript) { try authenticator(pattern, $0, cipher: cipher) }
    }

    private static let all = NoisePattern.allCases.flatMap { pattern in NoiseCipher.allCases.map { (pattern, $0) } }

    @Test("two ends that know each other agree on everything", arguments: all)
    func agreement(_ pattern: NoisePattern, _ cipher: NoiseCipher) throws {
        let checks = Self.checks(pattern, cipher: cipher)
        var pair = try checks.pair()
        let (dialer, listener) = try pair.run()
        #expect(dialer.identity == (pattern.hasStaticKeys ? "noise:" + Self.listener.publicText : nil))
        #expect(listener.identity == (pattern.hasStaticKeys ? "noise:" + Self.dialer.publicText : nil))
        #expect(pair.messages.map(\.from) == (pattern == .xx ? [.dialer, .listener, .dialer] : [.dialer, .listener]))
        try checks.seals(dialer, listener)
    }

    @Test("each connection has keys of its own")
    func freshness() throws {
        let bytes = ByteBuffer(string: "the same")
        let codes = try (0..<3).map { _ in
            var pair = try Self.checks(.nnpsk0).pair()
            return try pair.run().dialer.exportedMAC?(bytes)
        }
        #expect(Set(codes).count == 3)
    }

    @Test("another key is refused by the listener before it says anything")
    func wrongKey() throws {
        var pair = try HandshakePair(
            Self.authenticator(.nnpsk0, .dialer),
            Self.authenticator(.nnpsk0, .listener, key: "another key, of as many bytes..."),
            dialed: Self.transcript,
            listened: Self.transcript
        )
        #expect(HandshakePair.code { _ = try pair.run() } == .authenticationFailed)
        #expect(pair.messages.map(\.from) == [.dialer])
    }

    @Test("a stranger with a key pair of his own is refused by either end", arguments: [NoisePattern.xx, .ik])
    func stranger(_ pattern: NoisePattern) throws {
        var dialing = try HandshakePair(
            Self.authenticator(pattern, .dialer, pair: NoiseKeyPair()),
            Self.authenticator(pattern, .listener),
            dialed: Self.transcript,
            listened: Self.transcript
        )
        #expect(HandshakePair.code { _ = try dialing.run() } == .authenticationFailed)
        var listening = try HandshakePair(
            Self.authenticator(pattern, .dialer),
            Self.authenticator(pattern, .listener, pair: NoiseKeyPair()),
            dialed: Self.transcript,
            listened: Self.transcript
        )
        #expect(HandshakePair.code { _ = try listening.run() } == .authenticationFailed)
        // Only with the listener's own private key can the dialer's first message be opened.
        if pattern == .ik { #expect(listening.messages.map(\.from) == [.dialer]) }
    }

    @Test("with peer=any whoever has a key pair is let in, and is told apart")
    func anyone() throws {
        let stranger = NoiseKeyPair()
        var pair = try HandshakePair(
            Self.authenticator(.xx, .dialer, pair: stranger),
            Self.authenticator(.xx, .listener, peers: ["any"]),
            dialed: Self.transcript,
            listened: Self.transcript
        )
        #expect(try pair.run().listener.identity == "noise:" + stranger.publicText)
    }

    @Test("a greeting that reads differently at the two ends is refused, at each of its bytes", arguments: NoisePattern.allCases)
    func otherTranscript(_ pattern: NoisePattern) throws { try Self.checks(pattern).otherTranscript() }

    @Test("a message of an earlier handshake is worth nothing under a new nonce", arguments: NoisePattern.allCases)
    func replay(_ pattern: NoisePattern) throws { try Self.checks(pattern).replay() }

    // The top bit of an X25519 key is not of the key (RFC 7748, section 5), but of what is hashed.
    @Test("every bit of each message counts", arguments: NoisePattern.allCases)
    func flips(_ pattern: NoisePattern) throws { try Self.checks(pattern).flips() }

    /// An attacker without any key pair: as this end's key he sends a point of small order, with which every secret is zero.
    private func attack(_ point: [UInt8], asEphemeral: Bool) throws -> PatchbayError.Code? {
        var listener = try Self.authenticator(.xx, .listener, peers: ["any"])
            .makeHandshake(HandshakeContext(role: .listener, transcript: Self.transcript))
        _ = try listener.step(.start)
        let zero = SymmetricKey(data: [UInt8](repeating: 0, count: 32))
        let ephemeral = HandshakeState.PrivateKey()
        var symmetric = SymmetricState(protocolName: "Noise_XX_25519_ChaChaPoly_SHA256", cipher: .chachapoly)
        symmetric.mixHash(Self.transcript.readableBytesView)
        let first = asEphemeral ? point : Array(ephemeral.publicKey.rawRepresentation)
        symmetric.mixHash(first)
        symmetric.mixHash([])
        var answer: ByteBuffer?
        let refused = HandshakePair.code { answer = try listener.step(.message(ByteBuffer(bytes: first))).output.first }
        guard let answer, !asEphemeral else { return refused }
        // What the listener says is taken in as any dialer does.
        let bytes = Array(answer.readableBytesView)
        func secret(_ key: ArraySlice<UInt8>) throws -> SymmetricKey {
            try ephemeral.sharedSecretFromKeyAgreement(with: HandshakeState.PublicKey(rawRepresentation: key))
                .withUnsafeBytes { SymmetricKey(data: $0) }
        }
        symmetric.mixHash(bytes[..<32])
        symmetric.mixKey(try secret(bytes[..<32]))
        let theirs = try symmetric.openAndHash(bytes[32..<80])
        symmetric.mixKey(try secret(theirs[...]))
        _ = try symmetric.openAndHash(bytes[80...])
        var last = try symmetric.sealAndHash(point)
        symmetric.mixKey(zero)
        last += try symmetric.sealAndHash([])
        return HandshakePair.code { _ = try listener.step(.message(ByteBuffer(bytes: last))) }
    }

    @Test(
        "a key of small order proves nothing, and is refused, as a static key and as an ephemeral one",
        arguments: [
            "0000000000000000000000000000000000000000000000000000000000000000",
            "0100000000000000000000000000000000000000000000000000000000000000",
            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        ]
    )
    func smallOrder(_ hexadecimal: String) throws {
        let point = [UInt8](hexadecimal: hexadecimal)
        #expect(try attack(point, asEphemeral: false) == .authenticationFailed)
        #expect(try attack(point, asEphemeral: true) == .authenticationFailed)
    }

    @Test("a message of another length never passes", arguments: NoisePattern.allCases)
    func lengths(_ pattern: NoisePattern) throws {
        var sample = try Self.checks(pattern).pair()
        _ = try sample.run()
        for message in sample.messages.indices {
            for count in [0, 1, 31, 47, 4096] {
                var pair = try Self.checks(pattern).pair()
                let code = HandshakePair.code {
                    _ = try pair.run { $0 == message ? ByteBuffer(repeating: 7, count: count) : $1 }
                }
                #expect(code == .protocolViolation || code == .authenticationFailed)
                if count < 32 { #expect(code == .protocolViolation) }
            }
        }
    }

    @Test("what comes out of turn is a violation, and after a failure everything is", arguments: NoisePattern.allCases)
    func outOfTurn(_ pattern: NoisePattern) throws { try Self.checks(pattern).outOfTurn() }

    @Test("a greeting without nonces is refused")
    func noGreeting() throws {
        let authenticator = try Self.authenticator(.nnpsk0, .dialer)
        #expect(HandshakePair.code { _ = try authenticator.makeHandshake(HandshakeContext(role: .dialer)) } == .unsupported)
    }

    /// Each end that waits for a message, with one that it takes.
    private static func waiting(_ pattern: NoisePattern) throws -> [(handshake: any Handshake, valid: ByteBuffer)] {
        let checks = Self.checks(pattern)
        var ends = (try checks.end(.dialer), try checks.end(.listener))
        var said = try ends.0.step(.start).output.first
        _ = try ends.1.step(.start)
        var waiting: [(any Handshake, ByteBuffer)] = []
        while let message = said {
            swap(&ends.0, &ends.1)
            waiting.append((ends.0, message))
            said = try ends.0.step(.message(message)).output.first
        }
        return waiting
    }

    @Test("no handshake survives 100,000 forged messages, and none traps", arguments: NoisePattern.allCases)
    func fuzz(_ pattern: NoisePattern) throws {
        var generator = FuzzSource.forTest(pattern.rawValue)
        let waiting = try Self.waiting(pattern)
        #expect(waiting.count == (pattern == .xx ? 3 : 2))
        for end in waiting {
            var handshake = end.handshake
            #expect(HandshakePair.code { _ = try handshake.step(.message(end.valid)) } == nil)
        }
        for round in 0..<33_334 {
            let index = round % waiting.count
            let valid = Array(waiting[index].valid.readableBytesView)
            var bytes: [UInt8]
            if round / waiting.count & 1 == 0 {
                bytes = generator.input(from: [], longest: 128)
            } else {
                bytes = valid
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] ^= UInt8.random(in: 1...255, using: &generator)
                if round / waiting.count & 2 == 0 { bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator)) }
            }
            // XX's first message is a key alone: any 32 bytes are one, and nothing is proved yet.
            if pattern == .xx, index == 0, bytes.count == 32 { continue }
            // Values: each round has one of its own.
            var handshake = waiting[index].handshake
            let code = HandshakePair.code { _ = try handshake.step(.message(ByteBuffer(bytes: bytes))) }
            #expect(code == .authenticationFailed || code == .protocolViolation)
        }
    }
}
