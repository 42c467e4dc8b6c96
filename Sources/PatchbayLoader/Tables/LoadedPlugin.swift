internal import CPatchbay
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
        var makers: [String: Layer.Maker] = [:]
        for layer in metadata.layers { makers[layer.name] = try TableMaker(layer, root, contract).make() }
        // Each layer has one: made just above.
        layers = try metadata.layers { makers[$0.name] ?? .codec { _ in BytesCodec() } }
        aliases = metadata.registeredAliases
    }

    func register(into registrar: inout Registrar) {
        for layer in layers { registrar.add(layer) }
        for alias in aliases { registrar.add(alias) }
    }
}

/// Finds a layer's table and checks that it has what the metadata promises.
struct TableMaker {
    private let layer: LayerMetadata
    private let root: PluginRoot
    private let contract: PluginContract

    init(_ layer: LayerMetadata, _ root: PluginRoot, _ contract: PluginContract) {
        self.layer = layer
        self.root = root
        self.contract = contract
    }

    func make() throws(PatchbayError) -> Layer.Maker {
        switch layer.kind {
        case "codec": try makeCodec()
        case "processor": try makeProcessor()
        default: throw PluginRefusal(path: contract.path).error("'\(layer.name)' is of the unknown kind '\(layer.kind)'")
        }
    }

    private func makeCodec() throws(PatchbayError) -> Layer.Maker {
        let table = try root.table("patchbay.codec/1", patchbay_codec(), for: layer.name)
        let isRaw = layer.raw ?? false
        try require(table.create != nil, "patchbay_codec.create")
        try require(table.destroy != nil, "patchbay_codec.destroy")
        try require(isRaw || table.decode != nil, "patchbay_codec.decode")
        try require(isRaw || table.encode != nil, "patchbay_codec.encode")
        try require(!isRaw || table.decode_raw != nil, "patchbay_codec.decode_raw")
        try require(!isRaw || table.encode_raw != nil, "patchbay_codec.encode_raw")
        let shared = CodecLayer(
            name: layer.name,
            table: table,
            traits: CodecTraits(bytesAsText: layer.bytesAsText ?? false),
            contract: contract,
            options: try layer.optionSpecifications
        )
        return .codec { try LoadedCodec(shared, $0) }
    }

    private func makeProcessor() throws(PatchbayError) -> Layer.Maker {
        let table = try root.table("patchbay.processor/1", patchbay_processor(), for: layer.name)
        try require(table.create != nil, "patchbay_processor.create")
        try require(table.push != nil, "patchbay_processor.push")
        try require(table.reset != nil, "patchbay_processor.reset")
        try require(table.destroy != nil, "patchbay_processor.destroy")
        let shared = ProcessorLayer(
            name: layer.name,
            table: table,
            expansion: layer.expansion,
            contract: contract,
            options: try layer.optionSpecifications
        )
        return .processor(positions: layer.processorPositions) { try LoadedProcessor(shared, $0) }
    }

    private func require(_ isThere: Bool, _ function: String) throws(PatchbayError) {
        guard !isThere else { return }
        throw PluginRefusal(path: contract.path).error("\(function) is NULL, and '\(layer.name)' needs it; fill it in, and rebuild")
    }
}
