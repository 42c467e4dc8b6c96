internal import NIOCore
internal import PatchbayCore
internal import PatchbayJSON

/// Holds what a plugin says once it is loaded against what its file said before any of its code ran.
struct MetadataComparison {
    var declared: PluginMetadata
    /// `patchbay_plugin.metadata`.
    var live: String
    var path: String

    /// By meaning: spaces and the order of fields do not count.
    /// - Throws: ``PatchbayError`` with `pluginRefused`, with the first field that differs.
    func check() throws(PatchbayError) {
        let refusal = PluginRefusal(path: path)
        let other: PluginMetadata
        do throws(PatchbayError) { other = try PluginMetadata.parse(ByteBuffer(string: live)) } catch {
            throw refusal.error("patchbay_plugin.metadata is not sound: \(error.message)")
        }
        guard other != declared else { return }
        let place = (try? difference(other)) ?? "something"
        throw refusal.error(
            "patchbay_plugin.metadata is not what the file's section .patchbay says: \(place) differs; set it to patchbay_metadata, and rebuild"
        )
    }

    private func difference(_ other: PluginMetadata) throws -> String? {
        Self.difference(try Self.value(declared), try Self.value(other), "")
    }

    private static func value(_ metadata: PluginMetadata) throws -> Value {
        var buffer = ByteBuffer()
        try JSONCodec().encode(metadata, into: &buffer)
        return try JSONCodec().decodeValue(from: buffer)
    }

    /// The path of the first place where two values differ.
    private static func difference(_ one: Value, _ other: Value, _ path: String) -> String? {
        guard one != other else { return nil }
        switch (one, other) {
        case (.map(let one), .map(let other)):
            let names = (one.pairs + other.pairs).compactMap { if case .string(let name) = $0.key { name } else { nil } }
            for name in names {
                let first = one.pairs.first { $0.key == .string(name) }?.value ?? .null
                let second = other.pairs.first { $0.key == .string(name) }?.value ?? .null
                if let found = difference(first, second, path.isEmpty ? name : "\(path).\(name)") { return found }
            }
            return path
        case (.array(let one), .array(let other)) where one.count == other.count:
            for (index, pair) in zip(one, other).enumerated() {
                if let found = difference(pair.0, pair.1, "\(path)[\(index)]") { return found }
            }
            return path
        default: return path
        }
    }
}
