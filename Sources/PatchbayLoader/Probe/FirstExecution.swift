internal import Glibc
package import NIOCore
package import PatchbayCore

/// The one place from which a plugin's file becomes words, and its code is run.
package enum FirstExecution {
    package static func metadata(ofObject text: ByteBuffer) throws -> PluginMetadata { try PluginMetadata.parse(text) }

    package static func contents(ofManifest text: ByteBuffer, path: String) throws -> (metadata: PluginMetadata, libraries: [String]) {
        let manifest = try Manifest.parse(text, path: path)
        return (manifest.metadata, manifest.library)
    }

    /// Runs a plugin for the first time, in a child.
    /// - Returns: its thread model.
    static func rehearse(_ plugin: FoundPlugin, _ version: InterfaceVersion, _ tell: (ProbeOutcome.Stage) -> Void) throws -> String? {
        guard let metadata = plugin.metadata else { throw Self.unread }
        var registry = Registry()
        tell(.open)
        guard plugin.kind == .sharedObject else {
            let bound = try bind(plugin)
            tell(.probation)
            // The same for each run: what failed once fails again.
            _ = try bound.probation(seed: 1)
            tell(.register)
            try registry.register(bound, source: plugin.source)
            return nil
        }
        // By itself, so that a constructor that goes wrong is told from an entry; the module then finds it open.
        guard dlopen(plugin.path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) != nil else {
            throw PatchbayError(.pluginRefused, "the loader says: \(String(cString: dlerror()))", stage: .plugin)
        }
        tell(.entry)
        let module = try LoadedModule(path: plugin.path, metadata: metadata, file: plugin.file?.identity, version: version)
        tell(.register)
        try registry.register(module.plugin, source: plugin.source)
        return module.threadModel
    }

    /// In this process.
    static func open(_ plugin: FoundPlugin, _ version: InterfaceVersion) throws -> any Plugin {
        guard let metadata = plugin.metadata else { throw Self.unread }
        guard plugin.kind == .sharedObject else { return try bind(plugin) }
        return try LoadedModule(path: plugin.path, metadata: metadata, file: plugin.file?.identity, version: version).plugin
    }

    /// Opens a manifest's library.
    private static func bind(_ plugin: FoundPlugin) throws -> BoundPlugin {
        let file = try plugin.reopened()
        let text = try file.bytes.read(at: 0, count: file.bytes.count)
        return try BoundPlugin(try Manifest.parse(ByteBuffer(bytes: text), path: plugin.path))
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
    private static let unread = PatchbayError(.invalidArgument, "the plugin's metadata was never read", stage: .plugin)
}
