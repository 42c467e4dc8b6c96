internal import CPatchbay
internal import NIOCore
package import PatchbayCore

/// A plugin in a shared object, loaded: its C tables as layers.
package final class LoadedModule: Sendable {
    private let contract: PluginContract
    private let loaded: LoadedPlugin
    private let object: SharedObject

    /// Opens the file, runs its entry, and holds what it says against this host and against its metadata.
    /// - Parameters:
    ///   - metadata: as read from the file, with none of its code run.
    ///   - file: the file as it was checked; another one is refused. Nil: whatever is there.
    ///   - version: tests pretend to be another host.
    /// - Throws: ``PatchbayError`` with `pluginRefused`, which says what to do.
    package init(
        path: String,
        metadata: PluginMetadata,
        file: FileIdentity?,
        version: InterfaceVersion = .current
    ) throws(PatchbayError) {
        object = try SharedObject.enter(path, expected: file, version: version)
        let refusal = PluginRefusal(path: path)
        guard let pointer = object.root else {
            let reason = object.refusal.flatMap { $0.isEmpty ? nil : $0 } ?? "its entry gave NULL and no reason"
            throw refusal.error("it refuses this host: \(reason)")
        }
        let root = try PluginRoot(pointer, path: path, version: version)
        try MetadataComparison(declared: metadata, live: root.metadata, path: path).check()
        contract = PluginContract(
            plugin: metadata.name,
            path: path,
            log: object.log,
            isNewer: root.minor > version.minor,
            threads: root.threads
        )
        loaded = try LoadedPlugin(metadata, root, contract)
        // Names and defaults that break the rules are told here, not where an application registers.
        var registry = Registry()
        do { try registry.register(loaded) } catch { throw refusal.error("\(error)") }
    }

    /// Registers layers whose objects call the tables.
    package var plugin: any Plugin { loaded }

    /// Set once the plugin broke the interface: from then on each call into it fails with this.
    package var breach: PatchbayError? { contract.breach }

    /// Which calls may come at the same time: `instance`, `plugin` or `parallel`.
    package var threadModel: String { "\(contract.threads)" }

    /// The last lines that it logged, oldest first.
    package var lastLogLines: [String] { object.log.lines }

    /// Gets each line that the plugin logs, with its level, PATCHBAY_LOG_…, on any thread.
    package func onLog(_ handler: (@Sendable (_ level: UInt32, _ line: String) -> Void)?) { object.log.setHandler(handler) }
}
