internal import Glibc
package import NIOCore
package import PatchbayCore

/// The one place from which a plugin's file becomes words, and its code is run.
package enum FirstExecution {
    package static func metadata(ofObject text: ByteBuffer) throws -> PluginMetadata { try PluginMetadata.parse(text) }

    package static func contents(ofManifest text: ByteBuffer, path: String) throws -> (metadata: PluginMetadata, libraries: [String]) {
        throw Self.manifests
    }

    /// Runs a plugin for the first time, in a child.
    /// - Returns: its thread model.
    static func rehearse(_ plugin: FoundPlugin, _ version: InterfaceVersion, _ tell: (ProbeOutcome.Stage) -> Void) throws -> String? {
        guard let metadata = plugin.metadata, plugin.kind == .sharedObject else { throw Self.manifests }
        tell(.open)
        // By itself, so that a constructor that goes wrong is told from an entry; the module then finds it open.
        guard dlopen(plugin.path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) != nil else {
            throw PatchbayError(.pluginRefused, "the loader says: \(String(cString: dlerror()))", stage: .plugin)
        }
        tell(.entry)
        let module = try LoadedModule(path: plugin.path, metadata: metadata, file: plugin.file?.identity, version: version)
        tell(.register)
        var registry = Registry()
        try registry.register(module.plugin, source: plugin.source)
        return module.threadModel
    }

    /// In this process.
    static func open(_ plugin: FoundPlugin, _ version: InterfaceVersion) throws -> any Plugin {
        guard let metadata = plugin.metadata, plugin.kind == .sharedObject else { throw Self.manifests }
        return try LoadedModule(path: plugin.path, metadata: metadata, file: plugin.file?.identity, version: version).plugin
    }

    /// What the metadata says, as layers for show: nothing can be made of them.
    package static func layers(describedBy metadata: PluginMetadata) -> [Layer] {
        let layers = try? metadata.layers { layer in
            switch layer.kind {
            case "processor": .processor(positions: layer.processorPositions) { _ in throw Self.forShow }
            case "authenticator": .authenticator(layer.authenticatorTraits) { _ in throw Self.forShow }
            case "transport": .transport(layer.transportTraits, DescribedTransport())
            default: .codec { _ in throw Self.forShow }
            }
        }
        return layers ?? []
    }

    private static let forShow = PatchbayError(.unsupported, "the plugin is not loaded", stage: .plugin)
    private static let manifests = PatchbayError(.unsupported, "manifests are not built yet", stage: .plugin)
}
