internal import Glibc
package import NIOCore
package import PatchbayCore

/// The one place from which a plugin's own code is run.
package enum FirstExecution {
    package static func metadata(ofObject text: ByteBuffer) throws(PatchbayError) -> PluginMetadata { try PluginMetadata.parse(text) }

    package static func metadata(ofManifest text: ByteBuffer, path: String) throws -> PluginMetadata { try PluginMetadata.parse(text) }

    /// Runs a plugin for the first time, in a child.
    /// - Returns: its thread model.
    static func rehearse(_ plugin: FoundPlugin, _ version: InterfaceVersion, _ tell: (ProbeOutcome.Stage) -> Void) throws -> String? {
        tell(.open)
        // Apart from the entry, so that the parent learns which of the two it was; the module then finds it open.
        guard dlopen(plugin.path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) != nil else {
            throw PatchbayError(.pluginRefused, String(cString: dlerror()), stage: .plugin)
        }
        tell(.entry)
        let opened = try open(plugin, version)
        tell(.register)
        var registry = Registry()
        try registry.register(opened.plugin, source: plugin.source)
        return opened.threads
    }

    /// In this process.
    package static func open(_ plugin: FoundPlugin, _ version: InterfaceVersion) throws -> OpenedPlugin {
        guard let metadata = plugin.metadata else { throw PatchbayError(.pluginRefused, "\(plugin.path) has no metadata", stage: .plugin) }
        let module = try LoadedModule(path: plugin.path, metadata: metadata, file: plugin.file?.identity, version: version)
        return OpenedPlugin(plugin: module.plugin, threads: module.threads) { module.breach }
    }
}

/// A plugin that is part of this process now.
package struct OpenedPlugin: Sendable {
    package var plugin: any Plugin
    /// `instance`, `plugin` or `parallel`; nil where it has no such word.
    package var threads: String?
    /// What it broke, as far as the host saw it.
    package var breach: @Sendable () -> PatchbayError?
}
