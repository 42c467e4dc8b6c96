public import PatchbayCore

/// Connections by name through a relay: the transport `relay`.
public struct RelayPlugin: Plugin {
    public init() {}

    public var name: String { "relay" }
    public var version: String { "1.0.0" }
    public var summary: String { "Reaches a peer by name, through a machine that both can dial, which need not be trusted" }

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: RelayTransport.layer,
                summary: "a name at a relay, which `patchbay relay` runs; what travels must be encrypted, or say insecure",
                options: [
                    OptionSpecification("access-id", .text, default: "default", summary: "the name of the access key, as the relay's access file has it"),
                    OptionSpecification(
                        "access-key",
                        .text,
                        isSecret: true,
                        summary: "what opens the relay; none: the relay must be open to everyone"
                    ),
                    OptionSpecification(
                        "generation",
                        .integer(0...Int.max),
                        default: "0",
                        summary: "a listener with a higher one takes the name from one with the same access key"
                    ),
                    OptionSpecification(
                        "also",
                        .text,
                        isList: true,
                        summary: "another relay, host:port; the name says which is tried first, the same on both ends"
                    ),
                    OptionSpecification(
                        "via",
                        .text,
                        summary: "a URL of what leads to the relay, percent-encoded, in place of host and port"
                    ),
                ],
                examples: ["json+noise+relay://relay.example:7000/worker?noise.key-file=worker.key&access-key-file=ops.key"],
                maker: .transport(TransportTraits(target: .hostPortAndPath, crossesNetwork: true, cost: 200, passesOthers: true, carrierOption: "via"), RelayTransport())
            )
        )
    }
}
