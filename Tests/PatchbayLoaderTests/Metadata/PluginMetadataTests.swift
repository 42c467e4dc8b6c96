import NIOCore
import PatchbayCore
import PatchbayJSON
import PatchbayLoader
import Testing

@Suite struct PluginMetadataTests {
    @Test func `metadata is JSON with the fields of the documentation`() throws {
        let text = """
            {"patchbay": "1.0", "name": "acme", "version": "1.2.3", "summary": "acme's own", "layers": [
                {"kind": "codec", "name": "acme", "summary": "a format", "options": [
                    {"name": "level", "summary": "how hard", "type": "integer", "minimum": 1, "maximum": 9, "default": "6"}]}]}
            """
        let metadata = try JSONCodec().decode(PluginMetadata.self, from: ByteBuffer(string: text))
        #expect(metadata.name == "acme")
        #expect(metadata.layers.first?.options?.first?.maximum == 9)
    }
}
