internal import PatchbayCBOR
internal import PatchbayCore
internal import Testing

@Suite struct CBORPluginTests {
    @Test("the plugin registers cbor, which takes its limits and its floats from its options")
    func registers() throws {
        var registrar = Registrar()
        CBORPlugin().register(into: &registrar)
        let layer = try #require(registrar.layers.first)
        #expect(layer.name == "cbor" && registrar.layers.count == 1)
        #expect(layer.options.map(\.name) == ["duplicate-keys", "depth", "floats"])
        guard case .codec(let make) = layer.maker else {
            Issue.record("cbor is no codec")
            return
        }
        let silent = try #require(try make(Options()) as? CBORCodec)
        #expect(silent.limits == DecodingLimits() && silent.floats == .typed)
        var options = Options()
        options.values = ["duplicate-keys": (.text("refuse"), .url), "depth": (.integer(7), .url), "floats": (.text("shortest"), .url)]
        let told = try #require(try make(options) as? CBORCodec)
        #expect(told.limits == DecodingLimits(depth: 7, refusesDuplicateKeys: true) && told.floats == .shortest)
    }
}
