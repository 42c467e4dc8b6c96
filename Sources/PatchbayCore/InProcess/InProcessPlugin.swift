internal import PatchbayIO

/// `inproc`: connections inside this process, by name, with the whole stack above them.
///
/// The names belong to this value and its copies: two registries with plugins of their own do not meet.
public struct InProcessPlugin: Plugin {
    private let transport = InProcessTransport()

    public init() {}

    public var name: String { "inproc" }
    public var version: String { "1.0.0" }
    public var summary: String { "connections inside this process, by name" }

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: "inproc",
                summary: summary,
                options: [
                    OptionSpecification(
                        "backlog",
                        .integer(1...65_535),
                        default: "4096",
                        summary: "connections that may wait to be accepted"
                    )
                ],
                examples: ["json+inproc://worker"],
                maker: .transport(TransportTraits(target: .name, crossesNetwork: false, cost: 0), transport)
            )
        )
    }
}
