public import PatchbayCore

/// `tcp`: streams over TCP, IPv4 and IPv6.
public struct TCPPlugin: Plugin {
    public init() {}

    public var name: String { "tcp" }
    public var version: String { "1.0.0" }
    public var summary: String { "TCP over IPv4 and IPv6; addresses of a name are raced" }

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: "tcp",
                summary: "TCP over IPv4 and IPv6; addresses of a name are raced",
                options: [
                    OptionSpecification(
                        "backlog",
                        .integer(1...65_535),
                        default: "4096",
                        summary: "connections that may wait to be accepted"
                    ),
                    OptionSpecification("no-delay", .flag, default: "true", summary: "send small messages at once (TCP_NODELAY)"),
                    OptionSpecification(
                        "keepalive",
                        .duration(.seconds(1)...(.seconds(86_400)), orNone: true),
                        default: "60s",
                        summary: "ask whether a silent peer is still there after so long"
                    ),
                ],
                examples: ["json+tcp://127.0.0.1:7000", "tcp://[::1]:7000"],
                maker: .transport(TransportTraits(target: .hostAndPort, crossesNetwork: true, cost: 100), TCPTransport())
            )
        )
    }
}
