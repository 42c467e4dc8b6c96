internal import Glibc
package import NIOCore
package import PatchbayCore

/// The one place from which a plugin's file becomes words, and its code is run.
package enum FirstExecution {
    package static func metadata(ofObject text: ByteBuffer) throws(PatchbayError) -> PluginMetadata { try PluginMetadata.parse(text) }

    package static func contents(ofManifest text: ByteBuffer, path: String) throws -> (metadata: PluginMetadata, libraries: [String]) {
        let manifest = try Manifest.parse(text, path: path)
        return (manifest.metadata, manifest.library)
    }

    /// Runs a plugin for the first time, in a child.
    /// - Returns: its thread model.
    static func rehearse(_ plugin: FoundPlugin, _ version: InterfaceVersion, _ tell: (ProbeOutcome.Stage) -> Void) throws -> String? {
        tell(.open)
        // By itself, so that a constructor that goes wrong is told from an entry; the module then finds it open.
        if plugin.kind == .sharedObject, dlopen(plugin.path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) == nil {
            throw PatchbayError(.pluginRefused, "the loader says: \(String(cString: dlerror()))", stage: .plugin)
        }
        tell(.entry)
        let opened = try open(plugin, version)
        if let tryOut = opened.tryOut {
            tell(.probation)
            // The same each time: what failed once fails again.
            try tryOut(1)
        }
        tell(.register)
        var registry = Registry()
        try registry.register(opened.plugin, source: plugin.source)
        return opened.threads
    }

    /// In this process.
    package static func open(_ plugin: FoundPlugin, _ version: InterfaceVersion) throws -> OpenedPlugin {
        guard let metadata = plugin.metadata else {
            throw PatchbayError(.invalidArgument, "the metadata of \(plugin.path) was never read", stage: .plugin)
        }
        guard plugin.kind == .sharedObject else {
            let bound = try bind(plugin)
            return OpenedPlugin(plugin: bound, breach: { bound.breach }, tryOut: { _ = try bound.probation(seed: $0) })
        }
        let module = try LoadedModule(path: plugin.path, metadata: metadata, file: plugin.file?.identity, version: version)
        return OpenedPlugin(plugin: module.plugin, threads: module.threadModel, breach: { module.breach })
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
}

/// A plugin that is part of this process now.
package struct OpenedPlugin: Sendable {
    package var plugin: any Plugin
    /// `instance`, `plugin` or `parallel`; nil where it has no such word.
    package var threads: String?
    /// What it broke, as far as the host saw it.
    package var breach: @Sendable () -> PatchbayError?
    /// Tries the functions of a bound library with bytes from a seed; only in a child. Nil for others.
    package var tryOut: (@Sendable (UInt64) throws -> Void)?
}
