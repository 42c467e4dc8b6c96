internal import PatchbayCore
internal import PatchbayMessagePack
internal import Testing

@Suite struct MessagePackPluginTests {
    @Test("the plugin registers msgpack, which takes its limits from its options")
    func registers() throws {
        var registrar = Registrar()
        MessagePackPlugin().register(into: &registrar)
        let layer = try #require(registrar.layers.first)
        #expect(layer.name == "msgpack" && registrar.layers.count == 1)
        #expect(layer.options.map(\.name) == ["duplicate-keys", "depth"])
        guard case .codec(let make) = layer.maker else {
            Issue.record("msgpack is no codec")
            return
        }
        #expect((try make(Options()) as? MessagePackCodec)?.limits == DecodingLimits())
        var options = Options()
        options.values = ["duplicate-keys": (.text("refuse"), .url), "depth": (.integer(7), .url)]
        #expect((try make(options) as? MessagePackCodec)?.limits == DecodingLimits(depth: 7, refusesDuplicateKeys: true))
    }
}
