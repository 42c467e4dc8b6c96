internal import PatchbayCore

/// Which plugins win: what a registry already has over what was found, and among those the first. What cannot be used takes no name from
/// others.
enum Shadowing {
    /// The state of each plugin, in order.
    static func states(of plugins: [FoundPlugin], in registry: Registry) -> [PluginState] {
        var owners: [String: String] = [:]
        for plugin in registry.plugins { owners[plugin.name] = words(plugin.name, plugin.source) }
        var layers: [String: String] = [:]
        for layer in registry.layers() { layers[layer.layer.name] = owners[layer.plugin] ?? layer.plugin }
        for alias in registry.aliases { layers[alias.alias.name] = owners[alias.plugin] ?? alias.plugin }
        return plugins.map { plugin in
            if let refusal = plugin.refusal { return .refused(reason: refusal) }
            guard let metadata = plugin.metadata else { return .refused(reason: "\(plugin.path) has no metadata") }
            if registry.plugin(named: metadata.name)?.source == plugin.source { return .ready }
            if let owner = owners[metadata.name] { return .shadowed(by: owner) }
            let names = metadata.layers.map(\.name) + (metadata.aliases ?? []).map(\.name)
            for name in names { if let owner = layers[name] { return .shadowed(by: "\(owner), which has '\(name)'") } }
            if let outcome = plugin.record?.outcome, !outcome.hasPassed { return .quarantined(reason: outcome.reason) }
            owners[metadata.name] = words(metadata.name, plugin.source)
            for name in names { layers[name] = owners[metadata.name] }
            return plugin.record == nil ? .unchecked : .ready
        }
    }

    private static func words(_ name: String, _ source: PluginSource) -> String {
        switch source {
        case .linked: "\(name) (built in)"
        case .sharedObject(let path), .manifest(let path): "\(name) (\(path))"
        }
    }
}
