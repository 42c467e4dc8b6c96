internal import AuthenticatorTestSupport
internal import NIOCore
internal import Testing

@testable internal import PatchbayCore
@testable internal import PatchbayMutualHMAC

@Suite("The layer hmac")
struct PluginTests {
    private func make(_ key: ByteBuffer?) throws -> any Authenticator {
        var registrar = Registrar()
        MutualHMACPlugin().register(into: &registrar)
        let layer = try #require(registrar.layers.first)
        var options = Options()
        if let key { options.values["key"] = (.secret(key), .password) }
        guard case .authenticator(let traits, let maker) = layer.maker else { throw HandshakePair.Stalled() }
        #expect(traits.passwordOption == "key" && traits.medium == .greeting && !traits.revealsSecret && !traits.leavesStreamOpen)
        #expect(layer.options.map(\.name) == ["key"])
        #expect(layer.options.map(\.isSecret) == [true])
        return try maker(options)
    }

    @Test("a key of sixteen bytes is the shortest, and the error does not hold it")
    func shortKey() throws {
        _ = try make(ByteBuffer(string: "0123456789abcdef"))
        let error = try #require(throws: PatchbayError.self) { try make(ByteBuffer(string: "0123456789abcde")) }
        #expect(error.code == .invalidOption)
        #expect(!"\(error)".contains("0123456789"))
    }

    @Test("a missing key is an error that says how to give one")
    func missingKey() throws {
        let error = try #require(throws: PatchbayError.self) { try make(nil) }
        #expect(error.code == .missingOption)
        #expect(error.message.contains("key-file="))
    }

    @Test("a generated key stands in a URL as it is, is long enough, and is another one each time")
    func generate() throws {
        let keys = (0..<100).map { _ in AuthenticationKey.generate() }
        #expect(Set(keys).count == 100)
        for key in keys {
            #expect(key.utf8.count == 43)
            #expect(key.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
            _ = try make(ByteBuffer(string: key))
        }
    }
}
