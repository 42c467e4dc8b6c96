public import PatchbayCore

/// Registers the transport `acme`.
public struct AcmePlugin: Plugin {
    public let name = "acme"
    public let version = "0.1.0"
    public let summary = "Unix sockets"

    public init() {}

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: "acme",
                summary: "Unix sockets, by their path",
                options: [
                    OptionSpecification(
                        "backlog",
                        .integer(1...4096),
                        default: "128",
                        summary: "how many peers may wait to be accepted"
                    )
                ],
                examples: ["json+acme:///tmp/acme.sock"],
                maker: .transport(TransportTraits(target: .path, crossesNetwork: false, cost: 10), AcmeTransport())
            )
        )
    }
}
