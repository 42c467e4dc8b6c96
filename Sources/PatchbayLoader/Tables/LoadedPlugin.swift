internal import PatchbayCore

/// What a module registers.
struct LoadedPlugin: Plugin {
    let name: String
    let version: String
    let summary: String
    private let layers: [Layer]
    private let aliases: [Alias]

    init(_ metadata: PluginMetadata, _ root: PluginRoot, _ contract: PluginContract) throws(PatchbayError) {
        name = metadata.name
        version = metadata.version
        summary = metadata.summary
        try Self.checkThreads(metadata, contract)
        var makers: [String: Layer.Maker] = [:]
        for layer in metadata.layers { makers[layer.name] = try TableMaker(layer, root, contract).make() }
        // Each layer has one: made just above.
        layers = try metadata.layers { makers[$0.name] ?? .codec { _ in BytesCodec() } }
        aliases = metadata.registeredAliases
    }

    /// Where one lock guards the whole plugin, a function that waits would hold up those that reactors call.
    private static func checkThreads(_ metadata: PluginMetadata, _ contract: PluginContract) throws(PatchbayError) {
        guard contract.threads == .plugin, metadata.layers.contains(where: { $0.blocking == true }),
            let other = metadata.layers.first(where: { $0.blocking != true })
        else { return }
        throw PluginRefusal(path: contract.path).error(
            "patchbay_plugin.threads is PATCHBAY_THREADS_PLUGIN, and some of its layers are blocking while '\(other.name)' is not, which would "
                + "wait for them; use PATCHBAY_THREADS_INSTANCE, or make two plugins of it"
        )
    }

    func register(into registrar: inout Registrar) {
        for layer in layers { registrar.add(layer) }
        for alias in aliases { registrar.add(alias) }
    }
}
