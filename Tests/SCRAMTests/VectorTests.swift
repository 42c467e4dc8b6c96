internal import Crypto
internal import NIOCore
internal import PatchbayCore
internal import Testing

@testable internal import PatchbaySCRAM

@Suite("SCRAM against published vectors")
struct VectorTests {
    /// RFC 7677 section 3: user "user", password "pencil".
    static let clientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    static let serverFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    static let clientFinal =
        "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    static let serverFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

    /// As that exchange has it: bound to no channel.
    static let unbound = ChannelBinding(header: "n,,", data: [])

    /// The verifier of "pencil" with that salt, computed with Python's hashlib.
    static let pencil =
        "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="

    static func keys(_ challenge: ClientChallenge) throws -> SaltedKeys {
        try SaltedKeys(password: Array("pencil".utf8), salt: challenge.salt, iterations: challenge.iterations)
    }

    @Test("both ends write the messages of RFC 7677, section 3, byte by byte")
    func exchange() throws {
        let client = ClientExchange(user: "user", nonce: "rOprNGfwEbeRWgbNEkqO", binding: Self.unbound)
        #expect(String(decoding: client.message, as: UTF8.self) == Self.clientFirst)

        let server = try ServerExchange(client.message, binding: Self.unbound)
        #expect(server.user == "user")
        let (first, asked) = server.challenge(try SCRAMVerifier(Self.pencil), nonce: "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0")
        #expect(String(decoding: first, as: UTF8.self) == Self.serverFirst)

        let challenge = try client.challenge(first, iterations: 4096...4096)
        let (answer, proof) = challenge.answer(try Self.keys(challenge))
        #expect(String(decoding: answer, as: UTF8.self) == Self.clientFinal)

        let (final, listenerMAC) = try asked.verify(answer)
        #expect(String(decoding: final, as: UTF8.self) == Self.serverFinal)
        let dialerMAC = try proof.verify(final)

        // Computed with Python's hmac and hashlib from the formulas of docs/security.md.
        let expected = "7adc4dc3b447ad28cb4b901a9d967ed2758c3ebfca2b8edc2e37d56f79a644a4"
        for mac in [dialerMAC, listenerMAC] {
            let code = mac(ByteBuffer(string: "finish"))
            #expect(code.readableBytesView.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() == expected)
        }
    }

    @Test("the messages of RFC 5802, section 5, are read, and answered as there up to the proof, which is of another hash")
    func structure() throws {
        let client = ClientExchange(user: "user", nonce: "fyko+d2lbbFgONRv9qkxdawL", binding: Self.unbound)
        #expect(String(decoding: client.message, as: UTF8.self) == "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL")
        #expect(try ServerExchange(client.message, binding: Self.unbound).user == "user")
        let first = Array("r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096".utf8)
        let challenge = try client.challenge(first, iterations: 4096...4096)
        #expect(challenge.iterations == 4096)
        #expect(challenge.salt == [0x41, 0x25, 0xc2, 0x47, 0xe4, 0x3a, 0xb1, 0xe9, 0x3c, 0x6d, 0xff, 0x76])
        let answer = String(decoding: challenge.answer(try Self.keys(challenge)).message, as: UTF8.self)
        #expect(answer.hasPrefix("c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p="))
    }

    @Test("a verifier is made as Python's hashlib makes it, and its text is read and written alike")
    func verifier() throws {
        let salt = try SCRAMVerifier(Self.pencil).salt
        #expect(try SCRAMVerifier(Self.pencil).encoded == Self.pencil)
        #expect(try SCRAMVerifier.make(password: ByteBuffer(string: "pencil"), iterations: 4096, salt: salt).encoded == Self.pencil)
    }

    @Test(
        "PBKDF2 gives the first block of RFC 7914, section 11",
        arguments: [
            ("passwd", "salt", 1, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"),
            ("Password", "NaCl", 80_000, "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"),
        ]
    )
    func derivation(_ password: String, _ salt: String, _ iterations: Int, _ expected: String) throws {
        let key = try SaltedKeys.salted(password: Array(password.utf8), salt: Array(salt.utf8), iterations: iterations)
        let text = key.withUnsafeBytes { $0.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() }
        #expect(text == expected)
    }
}
