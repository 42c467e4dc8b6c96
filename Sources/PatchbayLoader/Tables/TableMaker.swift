internal import CPatchbay
internal import PatchbayCore

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
        case "authenticator": try makeAuthenticator()
        case "transport": try makeTransport()
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
        let takesTextKeys = layer.integerKeys == false
        return .codec { options in
            let work = try CodecWork(shared, options)
            if isRaw { return LoadedRawCodec(work) }
            return takesTextKeys ? LoadedCodec<TextKeys>(work) : LoadedCodec<IntegerKeys>(work)
        }
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

    private func makeAuthenticator() throws(PatchbayError) -> Layer.Maker {
        let table = try root.table("patchbay.authenticator/1", patchbay_authenticator(), for: layer.name)
        try require(table.create != nil, "patchbay_authenticator.create")
        try require(table.step != nil, "patchbay_authenticator.step")
        try require(table.destroy != nil, "patchbay_authenticator.destroy")
        let shared = AuthenticatorLayer(
            name: layer.name,
            table: table,
            contract: contract,
            options: try layer.optionSpecifications,
            isBlocking: layer.blocking ?? false,
            rounds: layer.rounds ?? AuthenticatorLayer.defaultRounds
        )
        return .authenticator(layer.authenticatorTraits) { LoadedAuthenticator(shared, $0) }
    }

    private func makeTransport() throws(PatchbayError) -> Layer.Maker {
        let table = try root.table("patchbay.transport/1", patchbay_transport(), for: layer.name)
        let traits = layer.transportTraits
        try require(!traits.connects || table.connect != nil, "patchbay_transport.connect")
        try require(!traits.listens || table.listen != nil, "patchbay_transport.listen")
        let shared = TransportLayer(
            name: layer.name,
            table: table,
            contract: contract,
            options: try layer.optionSpecifications,
            isBlocking: layer.blocking ?? false,
            gate: contract.makeGate(),
            module: PendingOperations.shared.enter(contract)
        )
        return .transport(traits, LoadedTransport(layer: shared))
    }

    private func require(_ isThere: Bool, _ function: String) throws(PatchbayError) {
        guard !isThere else { return }
        throw PluginRefusal(path: contract.path).error("\(function) is NULL, and '\(layer.name)' needs it; fill it in, and rebuild")
    }
}
