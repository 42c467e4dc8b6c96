import NIOCore
import PatchbayCore
import PatchbayJSON
import Testing

@testable import PatchbayLoader

@Suite(.timeLimit(.minutes(1))) struct BoundConversationTests {
    struct Reading: Codable, Equatable {
        var sensor: String
        var values: [Int]
    }

    /// A registry that knows JSON, connections in this process, and what a manifest binds.
    func registry(_ plugin: BoundPlugin) throws -> Registry {
        var registry = Registry()
        try registry.register(JSONPlugin())
        try registry.register(InProcessPlugin())
        try registry.register(plugin, source: .manifest(plugin.manifest.path))
        return registry
    }

    @Test("a URL names the layer, and a conversation goes through the library", arguments: ShippedManifest.present)
    func conversation(_ shipped: ShippedManifest) async throws {
        let plugin = try shipped.plugin()
        let registry = try registry(plugin)
        for layer in plugin.manifest.metadata.layers.map(\.name) {
            let address = "json+" + layer + "+inproc://bound-" + layer
            let listener = try await Listener.bind(ConnectionURL(address), registry: registry)
            defer { listener.close() }
            let options = (plugin.manifest.metadata.layers.first { $0.name == layer }?.options ?? [])
                .compactMap { option in option.default.map { "\(layer).\(option.name)=\($0)" } }.joined(separator: "&")
            async let accepting = listener.accept()
            let dialed = try await Connection.connect(to: ConnectionURL(address + "?" + options), registry: registry)
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
    }

    @Test("an option of the URL reaches the library", .enabled(if: ShippedManifest.zstd.missing == nil))
    func level() async throws {
        let plugin = try ShippedManifest.zstd.plugin()
        let text = Array(String(repeating: "the quick brown fox jumps over the lazy dog; ", count: 3).utf8) + (0..<20_000).map { UInt8(($0 * $0) >> 5 & 0x3F) }
        let fast = try plugin.processor("zstd", ["level": "-7"]).encode(text)
        let best = try plugin.processor("zstd", ["level": "19"]).encode(text)
        #expect(best.count < fast.count)
        let registry = try registry(plugin)
        await #expect(throws: PatchbayError.self) {
            _ = try await Connection.connect(to: ConnectionURL("json+zstd+inproc://nobody?level=20"), registry: registry)
        }
    }
}
