internal import NIOCore
internal import PatchbayCore
internal import PatchbayPython
internal import Testing

@Suite("the Python plugin")
struct PythonPluginTests {
    private func registered() -> Registrar {
        var registrar = Registrar()
        PythonPlugin().register(into: &registrar)
        return registrar
    }

    @Test("it registers a codec, a framing, an authenticator and their alias, under different names")
    func names() {
        let registrar = registered()
        #expect(registrar.layers.map(\.name) == ["pickle", "python-frames", "python-hmac"])
        #expect(registrar.layers.map(\.kind) == [.codec, .framing, .authenticator])
        #expect(registrar.aliases.map(\.name) == ["python"])
        #expect(registrar.aliases.first?.expansion == ["pickle", "python-frames", "python-hmac", "bare"])
    }

    @Test("without a key the authenticator is an error that says what to give")
    func noKey() throws {
        let layer = try #require(registered().layers.last)
        guard case .authenticator(let traits, let make) = layer.maker else {
            Issue.record("no authenticator")
            return
        }
        #expect(traits.passwordOption == "key" && traits.leavesStreamOpen && traits.medium == .framing)
        let error = #expect(throws: PatchbayError.self) { try make(Options()) }
        #expect(error?.code == .missingOption)
        #expect(error?.message.contains("auth=none") == true)
        var options = Options()
        options.values["key"] = (.secret(ByteBuffer()), .password)
        _ = try make(options)
    }

    @Test("the codec writes the protocol that its option names")
    func protocolOption() throws {
        let layer = try #require(registered().layers.first)
        guard case .codec(let make) = layer.maker else {
            Issue.record("no codec")
            return
        }
        var options = Options()
        options.values["protocol"] = (.integer(2), .url)
        var message = ByteBuffer()
        try make(options).encode(Value.int(42), into: &message)
        #expect(hexadecimal(message.readableBytesView) == "80024b2a2e")
    }
}
