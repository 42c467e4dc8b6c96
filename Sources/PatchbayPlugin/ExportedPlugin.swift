internal import CPatchbay
internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// The plugin of this shared object: its layers, and the table that the host got.
///
/// The functions of the tables have no context of their own, so there is one for each shared object.
final class ExportedPlugin: Sendable {
    let name: String
    let host: HostInterface
    private let layers: [String: Layer]
    // Never written again, never freed: the header promises the host that it lives as long as the process.
    nonisolated(unsafe) let table: UnsafePointer<patchbay_plugin>

    private static let current = Locked<ExportedPlugin?>(nil)

    private init(_ plugin: any Plugin, section: UnsafePointer<CChar>?, host: HostInterface) throws {
        let text = try MetadataText(of: plugin)
        if let section, let difference = text.difference(from: String(cString: section)) {
            // An error holds 500 bytes.
            host.log(PATCHBAY_LOG_ERROR, "\(difference); \(text.advice)")
            throw PatchbayError(
                .invalidArgument,
                "\(difference); the right text is in the host's log, and in what `swift test` of the plugin prints",
                stage: .plugin
            )
        }
        name = plugin.name
        self.host = host
        layers = Dictionary(uniqueKeysWithValues: text.layers.map { ($0.name, $0) })
        table = Lasting.value(
            patchbay_plugin(
                size: UInt32(MemoryLayout<patchbay_plugin>.size),
                magic: PATCHBAY_MAGIC,
                major: UInt16(PATCHBAY_ABI_MAJOR),
                minor: UInt16(PATCHBAY_ABI_MINOR),
                // Values, and what changes lies under a lock.
                threads: UInt32(PATCHBAY_THREADS_PARALLEL),
                required: 0,
                metadata: section ?? Lasting.text(text.text),
                interface: { id in id.flatMap { ExportedPlugin.interface(String(cString: $0)) } }
            )
        )
    }

    /// Makes the tables at the first call; gives the same ones at every other.
    static func export(_ plugin: any Plugin, section: UnsafePointer<CChar>?, to host: HostInterface) throws -> ExportedPlugin {
        if let exported = current.withLock({ $0 }) {
            guard exported.name == plugin.name else {
                throw PatchbayError(
                    .unsupported,
                    "this shared object exports the plugin '\(exported.name)' already; give '\(plugin.name)' one of its own",
                    stage: .plugin
                )
            }
            return exported
        }
        let exported = try ExportedPlugin(plugin, section: section, host: host)
        return current.withLock { current in
            let first = current ?? exported
            current = first
            return first
        }
    }

    /// The plugin that the host got tables of.
    static func exported() throws -> ExportedPlugin {
        guard let exported = current.withLock({ $0 }) else {
            throw PatchbayError(.invalidArgument, "a function was called before patchbay_plugin_entry", stage: .plugin)
        }
        return exported
    }

    /// The layer that settings are for.
    static func layer(_ settings: UnsafePointer<patchbay_settings>) throws -> Layer {
        guard let name = settings.pointee.layer.map({ String(cString: $0) }), let layer = try exported().layers[name] else {
            throw PatchbayError(.unknownLayer, "the host asked for a layer that this plugin does not have", stage: .plugin)
        }
        return layer
    }

    private static func interface(_ id: String) -> UnsafeRawPointer? {
        guard let layers = (try? exported())?.layers.values else { return nil }
        func has(_ kind: LayerKind) -> Bool { layers.contains { $0.kind == kind } }
        switch id {
        case PATCHBAY_CODEC where has(.codec): return UnsafeRawPointer(CodecTable.table)
        case PATCHBAY_PROCESSOR where has(.processor): return UnsafeRawPointer(ProcessorTable.table)
        case PATCHBAY_AUTHENTICATOR where has(.authenticator): return UnsafeRawPointer(AuthenticatorTable.table)
        case PATCHBAY_TRANSPORT where has(.transport): return UnsafeRawPointer(TransportTable.table)
        default: return nil
        }
    }
}

/// Memory that lives as long as the process: a plugin is never unloaded, and the host may read its tables at any time.
enum Lasting {
    static func value<Table>(_ table: Table) -> UnsafePointer<Table> {
        let memory = UnsafeMutablePointer<Table>.allocate(capacity: 1)
        memory.initialize(to: table)
        return UnsafePointer(memory)
    }

    /// With a NUL at its end.
    static func text(_ text: String) -> UnsafePointer<CChar> {
        let bytes = text.utf8CString
        let memory = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        for (index, byte) in bytes.enumerated() { (memory + index).initialize(to: byte) }
        return UnsafePointer(memory)
    }
}
