internal import PatchbayCore
internal import Testing

@Suite("The registry")
struct RegistryTests {
    @Test("what was registered is found and listed, with the plugin that it came from")
    func listing() throws {
        let registry = try Registry.fake()
        #expect(registry.layer(named: "hmac")?.plugin == "authenticators")
        #expect(registry.alias(named: "python")?.plugin == "authenticators")
        #expect(registry.layers(of: .codec).map(\.layer.name) == ["bytes", "json", "pickle", "string"])
        #expect(registry.plugins.map(\.name) == ["values", "framings", "processors", "authenticators", "transports"])
        #expect(registry.plugin(named: "values")?.version == "1.2.3")
        #expect(registry.plugin(named: "values")?.source == .linked)
        #expect(registry.plugin(named: "authenticators")?.aliases.first == "python")
    }

    @Test("two plugins that want one name are both named, and the second leaves nothing behind")
    func clash() throws {
        var registry = try Registry.fake()
        let error = failure { try registry.register(FakePlugin(name: "other", layers: [.codec("cbor"), .codec("json")])) }
        #expect(error?.code == .invalidArgument)
        #expect(error?.message.contains("'other'") == true && error?.message.contains("'values'") == true)
        #expect(registry.layer(named: "cbor") == nil && registry.plugin(named: "other") == nil)
        let alias = FakePlugin(name: "other", aliases: [Alias(name: "json", summary: "", expansion: ["bytes"])])
        #expect(failure { try registry.register(alias) }?.message.contains("'values'") == true)
        #expect(failure { try registry.register(FakePlugin(name: "values")) } != nil)
    }

    @Test("names keep the rules", arguments: ["", "Json", "1json", "js_on", "js.on", "-a", "bare", "data", "connection"])
    func names(name: String) {
        var registry = Registry()
        #expect(failure { try registry.register(FakePlugin(name: "p", layers: [.codec(name)])) }?.code == .invalidArgument)
        #expect(
            failure { try registry.register(FakePlugin(name: "p", aliases: [Alias(name: name, summary: "", expansion: ["x"])])) } != nil
        )
    }

    @Test("options keep the rules")
    func options() {
        let wrong: [[OptionSpecification]] = [
            [.init("Level", .text, summary: "")], [.init("a", .text, summary: ""), .init("a", .text, summary: "")],
            [.init("key", .text, isSecret: true, summary: ""), .init("key-file", .path, summary: "")],
            [.init("key", .integer(0...1), isSecret: true, summary: "")], [.init("key", .text, default: "x", isSecret: true, summary: "")],
            [.init("key", .text, isSecret: true, changesWire: true, summary: "")], [.init("n", .integer(0...1), default: "2", summary: "")],
        ]
        for options in wrong {
            var registry = Registry()
            #expect(failure { try registry.register(FakePlugin(name: "p", layers: [.framing("x", options)])) }?.code == .invalidArgument)
        }
        var registry = Registry()
        let open = Layer.authenticator("x", .init(medium: .greeting, passwordOption: "key"), [.init("key", .text, summary: "")])
        #expect(failure { try registry.register(FakePlugin(name: "p", layers: [open])) } != nil)
    }

    @Test(
        "the nearest name is at most two changes away",
        arguments: [
            ("jsno", "json"), ("jso", "json"), ("hmacc", "hmac"), ("Hmac", "hmac"), ("timout", "timeout"), ("xml", nil), ("", nil),
            ("completely-different", nil),
        ] as [(String, String?)]
    )
    func nearest(written: String, meant: String?) {
        #expect(NearestName.of(written, among: ["json", "hmac", "timeout", "pickle"]) == meant)
    }
}
