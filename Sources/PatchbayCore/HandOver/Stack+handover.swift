extension Stack {
    /// What a connection of this stack goes on with once it is up: codec, processors and framing, with all their options and the connection's own,
    /// as a URL. Neither an authenticator, which is done by then, nor a secret.
    /// - Throws: ``PatchbayError`` with `unsupported` where a layer has a secret option.
    func handOverURL() throws -> ConnectionURL {
        var options: [(name: String, value: String)] = []
        var seen: Set<String> = []
        // Options go to all layers of a name.
        for (layer, values) in composition where seen.insert(layer.name).inserted {
            options += try Self.written(values, layer.options, of: layer.name)
        }
        options += try Self.written(connectionValues, ConnectionOptions.specifications, of: "connection").filter {
            $0.name != "connection.auth"
        }
        if connectionValues.source(of: "cost") == nil { options.append(("connection.cost", String(connection.cost))) }
        return try ConnectionURL(
            layers: composition.map(\.layer.name) + (isBare ? ["bare"] : []),
            transport: HandedOverPlugin.transport,
            options: options
        )
    }

    private static func written(
        _ options: Options,
        _ specifications: [OptionSpecification],
        of owner: String
    ) throws -> [(name: String, value: String)] {
        try specifications.flatMap { specification throws -> [(name: String, value: String)] in
            guard let (value, source) = options.values[specification.name], source != .default else { return [] }
            let name = "\(owner).\(specification.name)"
            if case .list(let list) = value { return list.map { (name, $0) } }
            guard let text = OptionText.written(value, specification.kind) else {
                throw PatchbayError(
                    .unsupported,
                    "a connection whose layer '\(owner)' has a secret cannot be handed over",
                    stage: .send,
                    layer: owner
                )
            }
            return [(name, text)]
        }
    }
}

extension Registry {
    /// The stack of a connection that is handed over.
    func stack(handedOver url: String) throws -> Stack {
        var registry = self
        try registry.register(HandedOverPlugin())
        // Which values were interpolated, and so are not to be printed, is not known here: none is.
        let given = ConnectionURL(text: url, hidden: Self.values(url))
        let stack = try registry.resolve(given, for: .dialer)
        guard stack.transportName == HandedOverPlugin.transport, stack.authenticators.isEmpty else {
            throw HandedState.malformed("names a stack that is none")
        }
        return stack
    }

    /// Where the values of a URL's options stand, as byte offsets.
    private static func values(_ url: String) -> [Range<Int>] {
        let bytes = Array(url.utf8)
        let query = bytes.firstIndex(of: UInt8(ascii: "?")).map { $0 + 1 } ?? bytes.count
        return bytes[query...].split(separator: UInt8(ascii: "&")).compactMap { option in
            option.firstIndex(of: UInt8(ascii: "=")).map { $0 + 1..<option.endIndex }
        }
    }
}
