import NIOCore
import PatchbayCore
import Testing

@testable import PatchbayLoader

@Suite struct ManifestPageTests {
    /// The manifest of the walk-through in docs/manifests.md.
    private func example() throws -> String {
        let page = String(decoding: try ShippedManifest.read(ShippedManifest.repository + "/docs/manifests.md"), as: UTF8.self)
        let behind = try #require(page.split(separator: "```json\n", maxSplits: 1).last)
        return String(try #require(behind.split(separator: "\n```", maxSplits: 1).first))
    }

    @Test func `the manifest of the page binds the library`() throws {
        if let missing = ShippedManifest.snappy.missing { try Test.cancel("\(missing)") }
        let plugin = try BoundPlugin(try Manifest.parse(ByteBuffer(string: try example()), path: "snappy.patchbay.json"))
        let message = Array("as the page says".utf8)
        #expect(try plugin.processor().decode(try plugin.processor().encode(message)) == message)
        #expect(try plugin.probation(seed: 3).probes > 50)
    }

    @Test func `the mistake of the page is told as the page says`() throws {
        let text = try example().replacing("size_t input_length, char* compressed,", with: "size_t input_length, const char* compressed,")
        let error = #expect(throws: PatchbayError.self) { try Manifest.parse(ByteBuffer(string: text), path: "snappy.patchbay.json") }
        #expect(
            error?.message
                == "snappy.patchbay.json:9: argument 3 of snappy_compress has the role 'out.ptr', so it points at bytes that are not const"
        )
    }
}
