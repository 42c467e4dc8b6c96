public import PatchbayCore

/// `stdio`: this process's standard input and output as one stream.
public struct StandardIOPlugin: Plugin {
    public init() {}

    public var name: String { "stdio" }
    public var version: String { "1.0.0" }
    public var summary: String { "this process's standard input and output as one stream" }

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: "stdio",
                summary: "this process's standard input and output as one stream; to listen, it is accepted once",
                examples: ["json+lines+bare+stdio://"],
                maker: .transport(TransportTraits(target: .none, crossesNetwork: false, cost: 50), StandardIOTransport())
            )
        )
    }
}
