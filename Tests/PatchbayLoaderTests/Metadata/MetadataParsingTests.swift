internal import FuzzSupport
internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO
internal import PatchbayLoader
internal import Testing

@Suite struct MetadataParsingTests {
    static let valid = """
        {"patchbay": "1.0", "name": "acme", "version": "1.2.3-rc.1", "summary": "acme's own",
         "layers": [
            {"kind": "codec", "name": "acme", "summary": "a format", "integerKeys": false,
             "options": [{"name": "level", "summary": "how hard", "type": "integer", "minimum": 1, "maximum": 9, "default": "6"},
                         {"name": "wait", "summary": "how long", "type": "duration", "maximum": 5000, "orNone": true}]},
            {"kind": "processor", "name": "squeeze", "summary": "smaller", "positions": ["stream"], "expansion": 1000},
            {"kind": "authenticator", "name": "badge", "summary": "a badge", "medium": "framing", "transports": ["tcp"]},
            {"kind": "transport", "name": "pigeon", "summary": "by air", "target": "name", "listens": false, "blocking": true}],
         "aliases": [{"name": "post", "summary": "all of it", "expansion": ["acme", "squeeze"]}]}
        """

    static func error(_ text: String) -> String {
        do throws(PatchbayError) {
            _ = try PluginMetadata.parse(ByteBuffer(string: text))
            return "it passed"
        } catch {
            return error.code == .pluginRefused ? error.message : "\(error.code)"
        }
    }

    @Test func `everything that a plugin may say is read, and becomes layers`() throws {
        let metadata = try PluginMetadata.parse(ByteBuffer(string: Self.valid))
        let layers = try metadata.layers { layer in
            switch layer.kind {
            case "transport": .transport(layer.transportTraits, Never())
            case "authenticator": .authenticator(layer.authenticatorTraits) { _ in throw CancellationError() }
            case "processor": .processor(positions: layer.processorPositions) { _ in throw CancellationError() }
            default: .codec { _ in throw CancellationError() }
            }
        }
        #expect(layers.map(\.name) == ["acme", "squeeze", "badge", "pigeon"])
        guard case .integer(1...9) = layers[0].options[0].kind else { throw CancellationError() }
        guard case .duration(let range, orNone: true) = layers[0].options[1].kind else { throw CancellationError() }
        #expect(range == .zero ... .seconds(5))
        guard case .transport(let traits, _) = layers[3].maker else { throw CancellationError() }
        #expect(traits.target == .name)
        #expect(traits.crossesNetwork)
        #expect(!traits.listens)
        #expect(metadata.registeredAliases.first?.expansion == ["acme", "squeeze"])
    }

    @Test(arguments: [
        (
            "\"name\": \"acme\", \"version\"", "\"name\": \"Acme\", \"version\"",
            "the metadata: name (line 1) must be a name, [a-z][a-z0-9-]*, and is \"Acme\""
        ),
        (
            "\"kind\": \"codec\"", "\"kind\": \"codex\"",
            "layers[0].kind (line 3) must be one of: codec, processor, authenticator, transport; it is \"codex\""
        ),
        ("\"type\": \"integer\"", "\"type\": \"int\"", "layers[0].options[0].type (line 4) must be one of"),
        ("\"maximum\": 9", "\"maximum\": \"9\"", "layers[0].options[0].maximum (line 4) must be a whole number"),
        ("\"maximum\": 9", "\"maximum\": 0", "layers[0].options[0].maximum (line 4) is below 'minimum'"),
        ("\"integerKeys\": false", "\"integerKeys\": 0", "layers[0].integerKeys (line 3) must be true or false"),
        ("\"positions\": [\"stream\"]", "\"positions\": []", "layers[1].positions (line 6) must hold"),
        ("\"expansion\": 1000", "\"expansion\": 0", "layers[1].expansion (line 6) must be from 1"),
        ("\"medium\": \"framing\"", "\"medium\": \"air\"", "layers[2].medium (line 7) must be one of"),
        ("\"transports\": [\"tcp\"]", "\"transports\": [1]", "layers[2].transports[0] (line 7) must be a text"),
        ("\"target\": \"name\", ", "", "layers[3] (line 8) lacks the field 'target'"),
        ("\"listens\": false", "\"raw\": false", "layers[3].raw (line 8) is no field that belongs here; the fields are: kind, name"),
        ("\"1.2.3-rc.1\"", "\"1.2\"", "version (line 1) must be a semantic version"),
        ("\"1.0\"", "\"2.0\"", "patchbay (line 1) says 2.0, and this host has version 1.0"),
        ("\"1.0\"", "\"one\"", "patchbay (line 1) must be the version of the plugin interface"),
        (
            "\"name\": \"acme\", \"version\"", "\"name\": \"acme\", \"name\": \"b\", \"version\"",
            "the metadata is not JSON: the key \"name\" comes twice"
        ),
        ("{\"patchbay\"", "[\"patchbay\"", "is not JSON"),
    ])
    func `a bad field is an error that says where`(_ old: String, _ new: String, _ words: String) {
        let message = Self.error(Self.valid.replacing(old, with: new, maxReplacements: 1))
        #expect(message.contains(words), "\(message)")
    }

    @Test func `a later minor version may have fields that this host does not know`() throws {
        let later = Self.valid.replacing("\"1.0\"", with: "\"1.3\"").replacing(
            "\"expansion\": 1000",
            with: "\"expansion\": 1000, \"news\": {}"
        )
        #expect(try PluginMetadata.parse(ByteBuffer(string: later)).layers.count == 4)
    }

    @Test func `100,000 fuzzed texts: no trap`() async {
        var source = FuzzSource.forTest()
        var passed = 0
        for round in 0..<100_000 {
            // Other tests want the pool's few threads too.
            if round.isMultiple(of: 64) { await Task.yield() }
            let bytes = source.input(from: Array(Self.valid.utf8), longest: 64)
            if (try? PluginMetadata.parse(ByteBuffer(bytes: bytes))) != nil { passed += 1 }
        }
        print("metadata: \(passed) of 100,000 passed")
    }

    private struct Never: Transport {
        func connect(_ context: TransportContext) async throws -> any ByteStream { throw CancellationError() }
        func listen(_ context: TransportContext) async throws -> any StreamListener { throw CancellationError() }
    }
}
