package import PatchbayCore

extension PluginMetadata {
    /// The layers as a registry takes them.
    /// - Parameter maker: gives what makes a layer's objects.
    package func layers(_ maker: (LayerMetadata) -> Layer.Maker) throws(PatchbayError) -> [Layer] {
        var layers: [Layer] = []
        for layer in self.layers {
            layers.append(
                Layer(
                    name: layer.name,
                    summary: layer.summary,
                    options: try layer.optionSpecifications,
                    examples: layer.examples ?? [],
                    maker: maker(layer)
                )
            )
        }
        return layers
    }

    /// The aliases as a registry takes them.
    package var registeredAliases: [Alias] {
        (aliases ?? []).map { Alias(name: $0.name, summary: $0.summary, expansion: $0.expansion, examples: $0.examples ?? []) }
    }
}

extension LayerMetadata {
    package var optionSpecifications: [OptionSpecification] {
        get throws(PatchbayError) {
            var specifications: [OptionSpecification] = []
            for option in options ?? [] { specifications.append(try option.specification) }
            return specifications
        }
    }

    /// Of a processor.
    package var processorPositions: Set<ProcessorPosition> { Set((positions ?? []).compactMap(ProcessorPosition.init)) }

    /// Of an authenticator. Nothing that a plugin of version 1.0 can do leaves a transform on the stream, so none secures.
    package var authenticatorTraits: AuthenticatorTraits {
        AuthenticatorTraits(
            medium: medium.flatMap(AuthenticatorTraits.Medium.init) ?? .greeting,
            secures: false,
            revealsSecret: revealsSecret ?? false,
            leavesStreamOpen: leavesStreamOpen ?? false,
            passwordOption: passwordOption,
            transports: transports.map(Set.init)
        )
    }

    /// Of a transport. One that says nothing crosses the network.
    package var transportTraits: TransportTraits {
        TransportTraits(
            target: target.flatMap(TransportTraits.Target.init) ?? .none,
            crossesNetwork: crossesNetwork ?? true,
            cost: cost ?? 100,
            connects: connects ?? true,
            listens: listens ?? true
        )
    }
}
