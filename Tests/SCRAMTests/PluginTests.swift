internal import NIOCore
internal import Patchbay
internal import Testing

@testable internal import PatchbayCore
@testable internal import PatchbaySCRAM

@Suite("The layer scram")
struct PluginTests {
    private func layer() throws -> Layer {
        var registrar = Registrar()
        SCRAMPlugin().register(into: &registrar)
        return try #require(registrar.layers.first)
    }

    private func make(_ options: KeyValuePairs<String, String>) throws -> any Authenticator {
        let layer = try layer()
        guard case .authenticator(_, let maker) = layer.maker else { throw CancellationError() }
        return try maker(Options(options, for: layer.options))
    }

    private func code(of url: String, for role: Role = .dialer) -> PatchbayError.Code? {
        SCRAMTests.code { _ = try Registry.standard.resolve(ConnectionURL(url), for: role) }
    }

    @Test("the layer declares its secret, and that what follows is open")
    func traits() throws {
        let layer = try layer()
        guard case .authenticator(let traits, _) = layer.maker else { throw CancellationError() }
        #expect(traits.medium == .greeting && traits.leavesStreamOpen && !traits.revealsSecret && !traits.secures)
        #expect(traits.passwordOption == "password")
        #expect(layer.options.map(\.name) == ["password", "verifiers", "iterations", "max-iterations"])
        #expect(layer.options.filter(\.isSecret).map(\.name) == ["password"])
    }

    @Test("a stack without a greeting, or over a network without more, is refused")
    func stacks() {
        #expect(code(of: "scram+tcp://ada:x@127.0.0.1:7000") == nil)
        #expect(code(of: "scram+unix://ada:x@/run/a.sock") == nil)
        #expect(code(of: "scram+tcp://ada:x@10.0.0.7:7000") == .insecure)
        #expect(code(of: "scram+tcp://ada:x@10.0.0.7:7000?insecure") == nil)
        #expect(code(of: "scram+bare+tcp://ada:x@127.0.0.1:7000") == .wrongOrder)
        for option in ["iterations=4095", "max-iterations=10000001", "iterations=10000001", "max-iterations=x"] {
            #expect(code(of: "scram+unix://ada:x@/run/a.sock?\(option)") == .invalidOption)
        }
        #expect(code(of: "scram+unix://ada:a%0Ab@/run/a.sock") == .invalidOption)
    }

    @Test("each end says what it lacks")
    func missing() throws {
        let dialer = HandshakeContext(role: .dialer, transcript: HandshakePair.transcript, user: "ada")
        let listener = HandshakeContext(role: .listener, transcript: HandshakePair.transcript)
        let nobody = HandshakeContext(role: .dialer, transcript: HandshakePair.transcript)
        let code = SCRAMTests.code
        #expect(code { _ = try make([:]).makeHandshake(dialer) } == .missingOption)
        #expect(code { _ = try make([:]).makeHandshake(listener) } == .missingOption)
        #expect(code { _ = try make(["verifiers": "/users"]).makeHandshake(dialer) } == .missingOption)
        #expect(code { _ = try make(["password": "x"]).makeHandshake(nobody) } == .missingOption)
        #expect(code { _ = try make(["password": "x"]).makeHandshake(dialer) } == nil)
        #expect(code { _ = try make(["password": "x"]).makeHandshake(listener) } == nil)
        #expect(code { _ = try make(["verifiers": "/users"]).makeHandshake(listener) } == nil)
        for user in ["", "a\nb", String(repeating: "a", count: 256)] {
            let context = HandshakeContext(role: .dialer, transcript: HandshakePair.transcript, user: user)
            #expect(code { _ = try make(["password": "x"]).makeHandshake(context) } == .invalidOption)
        }
    }

    @Test("a greeting without nonces is refused", arguments: [Role.dialer, .listener])
    func noGreeting(_ role: Role) throws {
        for count in [0, 63] {
            let context = HandshakeContext(role: role, transcript: ByteBuffer(repeating: 1, count: count), user: "ada")
            #expect(SCRAMTests.code { _ = try make(["password": "x"]).makeHandshake(context) } == .unsupported)
        }
    }
}
