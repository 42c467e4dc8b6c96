import CPatchbay
import PatchbayCore
import PatchbayPlugin
import Testing

@Suite(.serialized) struct EntryTests {
    @Test func `A host of another major version is refused, with both numbers`() {
        var host = TestHost.host.pointee
        host.major = 2
        var error = TestHost.error()
        #expect(PluginExport.entry(SamplePlugin(), &host, &error) == nil)
        #expect(error.text.contains("1.0") && error.text.contains("2.0"))
    }

    @Test func `What is no host is refused`() {
        var host = TestHost.host.pointee
        host.magic = 0
        var error = TestHost.error()
        #expect(PluginExport.entry(SamplePlugin(), &host, &error) == nil)
        #expect(PluginExport.entry(SamplePlugin(), nil, &error) == nil)
        #expect(error.text.contains("magic"))
    }

    @Test func `A second call gives the same tables, and another plugin none`() throws {
        var error = TestHost.error()
        let plugin = try #require(TestHost.plugin)
        #expect(PluginExport.entry(SamplePlugin(), TestHost.host, &error) == plugin)
        #expect(PluginExport.entry(OtherPlugin(), TestHost.host, &error) == nil)
        #expect(error.text.contains("'sample'"))
    }

    @Test func `An interface that it does not have is null`() throws {
        let plugin = try #require(TestHost.plugin)
        #expect(plugin.pointee.interface("patchbay.codec/2") == nil)
        #expect(plugin.pointee.interface(PATCHBAY_CODEC) != nil)
    }

    @Test func `An error is cut between characters`() throws {
        let codec = try #require(TestHost.table(PATCHBAY_CODEC, patchbay_codec.self))
        let host = TestHost(layer: "sample-json")
        var error = TestHost.error()
        // As if the host's structure were shorter than ours.
        error.size = 16
        var instance: UnsafeMutableRawPointer?
        #expect(codec.pointee.create(host.settings, &instance, &error) == 0)
        let tape = TestTape()
        #expect(codec.pointee.decode(instance, "{", 1, tape.tape, &error) == Int32(PATCHBAY_CORRUPT))
        #expect(error.text.utf8.count == 7)
        codec.pointee.destroy(instance)
    }

    private struct OtherPlugin: Plugin {
        let name = "other"
        let version = "1.0.0"
        let summary = ""
        func register(into registrar: inout Registrar) {
            registrar.add(Layer(name: "other", summary: "", maker: .codec { _ in BytesCodec() }))
        }
    }
}
