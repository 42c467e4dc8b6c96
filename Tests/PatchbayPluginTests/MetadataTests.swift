import CPatchbay
import NIOCore
import PatchbayCore
import PatchbayJSON
import PatchbayPlugin
import Testing

@Suite struct MetadataTests {
    private func layer(_ name: String) throws -> Value {
        let text = try PluginExport.metadata(of: SamplePlugin())
        guard case .map(let plugin) = try JSONNotation.parse(text),
            case .array(let layers) = plugin.pairs.first(where: { $0.key == "layers" })?.value
        else { return .null }
        return layers.first { layer in
            guard case .map(let fields) = layer else { return false }
            return fields.pairs.contains { $0.key == "name" && $0.value == .string(name) }
        } ?? .null
    }

    @Test func `A codec says what it cannot write`() throws {
        #expect(
            try layer("sample-json")
                == [
                    "kind": "codec", "name": "sample-json", "summary": "JSON under another name",
                    "options": [
                        ["name": "depth", "summary": "how deep", "type": "integer", "default": "128", "minimum": 1, "maximum": 512]
                    ],
                    "examples": ["sample-json+tcp://127.0.0.1:7000"], "bytesAsText": true, "integerKeys": false,
                ] as Value
        )
    }

    @Test func `Options say their type, their range and what they are for`() throws {
        #expect(
            try layer("sample-options")
                == [
                    "kind": "codec", "name": "sample-options", "summary": "says its options",
                    "options": [
                        ["name": "flag", "summary": "a flag", "type": "flag", "default": "false"],
                        [
                            "name": "pause", "summary": "a duration", "type": "duration", "default": "none", "minimum": 250,
                            "maximum": 60_000,
                            "orNone": true,
                        ],
                        [
                            "name": "word", "summary": "a choice", "type": "choice", "default": "one", "choices": ["one", "two"],
                            "changesWire": true,
                        ],
                        ["name": "name", "summary": "a list", "type": "text", "list": true],
                        ["name": "most", "summary": "a size", "type": "size", "minimum": 1, "maximum": 4096],
                        ["name": "key", "summary": "a secret", "type": "text", "secret": true],
                    ],
                ] as Value
        )
    }

    @Test func `Metadata that says the same in another order and with other spaces passes`() throws {
        let text = try PluginExport.metadata(of: SamplePlugin())
        try PluginExport.check(metadata: text, of: SamplePlugin())
        try PluginExport.check(metadata: text.replacing("\n", with: " "), of: SamplePlugin())
        guard case .map(let fields) = try JSONNotation.parse(text) else { return }
        let turned = try JSONNotation.print(.map(ValueMap(fields.pairs.reversed())))
        try PluginExport.check(metadata: turned, of: SamplePlugin())
    }

    @Test(arguments: [
        (#""default": "128""#, #""default": "64""#, "layers[0].options[0].default"),
        (#""version": "1.2.3""#, #""version": "1.2.4""#, "version"),
        (#""medium": "greeting""#, #""medium": "framing""#, "layers[4].medium"),
        (#""cost": 1"#, #""cost": 1, "rounds": 2"#, "layers[5].rounds"),
    ])
    func `Metadata that says something else fails with the place and the right text`(right: String, wrong: String, place: String) throws {
        let text = try PluginExport.metadata(of: SamplePlugin())
        #expect(text.contains(right))
        let error = #expect(throws: PatchbayError.self) {
            try PluginExport.check(metadata: text.replacing(right, with: wrong), of: SamplePlugin())
        }
        #expect(error?.message.contains("'\(place)'") == true, "\(error?.message ?? "")")
        #expect(error?.message.hasSuffix(text) == true)
    }

    @Test func `What is no JSON fails with the right text`() throws {
        let error = #expect(throws: PatchbayError.self) { try PluginExport.check(metadata: "{", of: SamplePlugin()) }
        #expect(error?.message.contains("sample-json") == true)
    }

    @Test func `What the interface has no words for is refused`() throws {
        for layer in [
            Layer(name: "a", summary: "", maker: .framing { _ in LengthFraming() }),
            Layer(
                name: "a",
                summary: "",
                maker: .authenticator(AuthenticatorTraits(medium: .greeting, secures: true)) { _ in throw CancellationError() }
            ),
        ] {
            let error = #expect(throws: PatchbayError.self) { try PluginExport.metadata(of: OneLayer(layer: layer)) }
            #expect(error?.code == .unsupported)
        }
    }

    @Test func `The tables carry the same text`() throws {
        let plugin = try #require(TestHost.plugin)
        #expect(String(cString: plugin.pointee.metadata) == (try PluginExport.metadata(of: SamplePlugin())))
        #expect(plugin.pointee.size == MemoryLayout<patchbay_plugin>.size)
    }

    private struct OneLayer: Plugin {
        let layer: Layer
        let name = "one"
        let version = "1.0.0"
        let summary = ""
        func register(into registrar: inout Registrar) { registrar.add(layer) }
    }
}
