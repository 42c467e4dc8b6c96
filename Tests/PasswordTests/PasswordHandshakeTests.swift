internal import FuzzSupport
internal import NIOCore
internal import Testing

@testable internal import PatchbayCore
@testable internal import PatchbayPassword

@Suite("The exchange of a password")
struct PasswordHandshakeTests {
    struct Stalled: Error {}

    static func authenticator(_ password: String?, verifier: PasswordPlugin.Verifier? = nil) throws -> PasswordAuthenticator {
        try PasswordAuthenticator(
            password: password.map { ByteBuffer(string: $0) },
            source: verifier.map { .verifier($0) },
            gate: VerificationGate(limit: 2)
        )
    }

    /// Ada, and her password.
    static let ada: PasswordPlugin.Verifier = { user, password in user == "ada" && password == ByteBuffer(string: "correct horse") }

    /// Runs both ends; gives the listener's identity.
    static func run(
        user: String,
        password: String,
        greetingUser: String? = nil,
        change: (ByteBuffer) -> ByteBuffer = { $0 }
    ) async throws -> String? {
        var dialer = try authenticator(password).makeHandshake(HandshakeContext(role: .dialer, user: user))
        var listener = try authenticator(nil, verifier: ada).makeHandshake(HandshakeContext(role: .listener, user: greetingUser))
        _ = try listener.step(.start)
        let message = try #require(try dialer.step(.start).output.first)
        guard case .perform(let work) = try listener.step(.message(change(message))).next else { throw Stalled() }
        let last = try listener.step(.verdict(try await work()))
        guard case .done(let accepted) = last.next, let word = last.output.first, case .done = try dialer.step(.message(word)).next else {
            throw Stalled()
        }
        return accepted.identity
    }

    static func code(_ body: () async throws -> Void) async -> PatchbayError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? PatchbayError)?.code
        }
    }

    @Test("the right password proves the user")
    func right() async throws {
        #expect(try await Self.run(user: "ada", password: "correct horse") == "ada")
        #expect(try await Self.run(user: "ada", password: "correct horse", greetingUser: "ada") == "ada")
    }

    @Test("a wrong password and an unknown user are refused in the same words")
    func wrong() async throws {
        var texts: Set<String> = []
        for (user, password) in [("ada", "wrong"), ("eve", "correct horse")] {
            let error = await #expect(throws: PatchbayError.self) { try await Self.run(user: user, password: password) }
            #expect(error?.code == .authenticationFailed)
            texts.insert("\(error.map(String.init(describing:)) ?? "")")
        }
        #expect(texts.count == 1)
    }

    @Test("the greeting and the credentials must name one user")
    func twoUsers() async {
        #expect(
            await Self.code { _ = try await Self.run(user: "ada", password: "correct horse", greetingUser: "root") } == .protocolViolation
        )
    }

    @Test("every bit of the credentials counts")
    func flips() async throws {
        let message = try Credentials(user: "ada", password: ByteBuffer(string: "correct horse")).write()
        for bit in 0..<message.readableBytes * 8 {
            let code = await Self.code {
                _ = try await Self.run(user: "ada", password: "correct horse") { bytes in
                    var array = Array(bytes.readableBytesView)
                    array[bit / 8] ^= 1 << (bit % 8)
                    return ByteBuffer(bytes: array)
                }
            }
            #expect(code == .authenticationFailed || code == .protocolViolation)
        }
    }

    @Test("what a listener answers besides acceptance is a violation", arguments: [[], [0], [2], [1, 1]] as [[UInt8]])
    func answers(_ bytes: [UInt8]) async throws {
        var dialer = try Self.authenticator("x").makeHandshake(HandshakeContext(role: .dialer, user: "ada"))
        _ = try dialer.step(.start)
        #expect(await Self.code { _ = try dialer.step(.message(ByteBuffer(bytes: bytes))) } == .protocolViolation)
        #expect(await Self.code { _ = try dialer.step(.message(ByteBuffer(bytes: [1]))) } == .protocolViolation)
    }

    @Test("a verdict that nobody asked for admits nobody")
    func earlyVerdict() async throws {
        var listener = try Self.authenticator(nil, verifier: Self.ada).makeHandshake(HandshakeContext(role: .listener))
        #expect(await Self.code { _ = try listener.step(.verdict(true)) } == .protocolViolation)
        var other = try Self.authenticator(nil, verifier: Self.ada).makeHandshake(HandshakeContext(role: .listener))
        _ = try other.step(.start)
        #expect(await Self.code { _ = try other.step(.verdict(true)) } == .protocolViolation)
    }

    @Test("each end says what it lacks, and no error holds the password")
    func missing() async throws {
        #expect(await Self.code { _ = try Self.authenticator("x").makeHandshake(HandshakeContext(role: .dialer)) } == .missingOption)
        #expect(
            await Self.code { _ = try Self.authenticator(nil).makeHandshake(HandshakeContext(role: .dialer, user: "ada")) }
                == .missingOption
        )
        #expect(await Self.code { _ = try Self.authenticator("x").makeHandshake(HandshakeContext(role: .listener)) } == .missingOption)
        let long = String(repeating: "secret", count: 200)
        let error = #expect(throws: PatchbayError.self) { try Self.authenticator(long) }
        #expect(error.map { !"\($0)".contains("secretsecret") } == true)
    }

    @Test("the layer declares its secret, and that it reveals it")
    func layer() throws {
        var registrar = Registrar()
        PasswordPlugin(verifier: Self.ada).register(into: &registrar)
        let layer = try #require(registrar.layers.first)
        guard case .authenticator(let traits, let maker) = layer.maker else { throw Stalled() }
        #expect(traits.revealsSecret && traits.passwordOption == "password" && traits.medium == .greeting)
        #expect(layer.options.filter(\.isSecret).map(\.name) == ["password"])
        _ = try maker(Options()).makeHandshake(HandshakeContext(role: .listener))
    }

    @Test("20,000 forged messages never trap, and admit nobody")
    func fuzz() async throws {
        var generator = FuzzSource.forTest()
        let valid = Array(try Credentials(user: "ada", password: ByteBuffer(string: "correct horse")).write().readableBytesView)
        for round in 0..<20_000 {
            var bytes = round & 1 == 0 ? generator.input(from: [], longest: 40) : valid
            if round & 1 == 1 {
                let at = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[at] ^= UInt8.random(in: 1...255, using: &generator)
                if round & 2 == 2 { bytes.removeLast(Int.random(in: 0...bytes.count, using: &generator)) }
            }
            do {
                let credentials = try Credentials(reading: ByteBuffer(bytes: bytes))
                #expect(Array(credentials.write().readableBytesView) == bytes)
                #expect(try await !Self.ada(credentials.user, credentials.password))
            } catch let error as PatchbayError {
                #expect(error.code == .protocolViolation)
            }
        }
    }
}
