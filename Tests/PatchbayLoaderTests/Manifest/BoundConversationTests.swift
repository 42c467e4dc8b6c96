import NIOCore
import PatchbayCore
import PatchbayFramings
import PatchbayJSON
import PatchbayTCP
import Testing

@testable import PatchbayLoader

@Suite(.timeLimit(.minutes(5))) struct BoundConversationTests {
    struct Reading: Codable, Equatable {
        var sensor: String
        var values: [Int]
    }

    /// A registry that knows JSON, TCP, connections in this process, and what a manifest binds.
    func registry(_ plugin: BoundPlugin) throws -> Registry {
        var registry = Registry()
        try registry.register(JSONPlugin())
        try registry.register(FramingsPlugin())
        try registry.register(InProcessPlugin())
        try registry.register(TCPPlugin())
        try registry.register(plugin, source: .manifest(plugin.manifest.path))
        return registry
    }

    @Test("a URL names the layer, and a conversation goes through the library", arguments: ShippedManifest.allCases)
    func conversation(_ shipped: ShippedManifest) async throws {
        if let missing = shipped.missing { try Test.cancel("\(missing)") }
        let plugin = try shipped.plugin()
        for layer in plugin.manifest.metadata.layers.map(\.name) {
            try await converse("json+" + layer + "+inproc://bound-" + layer, "", plugin)
        }
    }

    @Test("over TCP, with an option of the URL at one end", .enabled(if: ShippedManifest.zstd.missing == nil))
    func tcp() async throws { try await converse("json+zstd+tcp://127.0.0.1:0", "&level=9", try ShippedManifest.zstd.plugin()) }

    private func converse(_ address: String, _ options: String, _ plugin: BoundPlugin) async throws {
        let registry = try registry(plugin)
        // Other tests keep every core busy: nothing here is about time.
        let patience = "?timeout=none&handshake-timeout=none"
        let listener = try await Listener.bind(ConnectionURL(address + patience), registry: registry)
        defer { listener.close() }
        async let accepting = listener.accept()
        let dialed = try await Connection.connect(to: ConnectionURL(listener.url + patience + options), registry: registry)
        let accepted = try await accepting
        let reading = Reading(sensor: "north", values: Array(0..<5000))
        try await dialed.send(reading)
        #expect(try await accepted.receive(as: Reading.self) == reading)
        try await accepted.send(Reading(sensor: "", values: []))
        #expect(try await dialed.receive(as: Reading.self) == Reading(sensor: "", values: []))
        async let closing: Void = dialed.close()
        await accepted.close()
        await closing
    }

    @Test("an option of the URL reaches the library", .enabled(if: ShippedManifest.zstd.missing == nil))
    func level() async throws {
        let plugin = try ShippedManifest.zstd.plugin()
        let text =
            Array(String(repeating: "the quick brown fox jumps over the lazy dog; ", count: 3).utf8)
            + (0..<20_000).map { UInt8(($0 * $0) >> 5 & 0x3F) }
        let fast = try plugin.processor("zstd", ["level": "-7"]).encode(text)
        let best = try plugin.processor("zstd", ["level": "19"]).encode(text)
        #expect(best.count < fast.count)
        let registry = try registry(plugin)
        await #expect(throws: PatchbayError.self) {
            _ = try await Connection.connect(to: ConnectionURL("json+zstd+inproc://nobody?level=20"), registry: registry)
        }
    }
}
