public import PatchbayCore

/// The codec `msgpack`.
public struct MessagePackPlugin: Plugin {
    public init() {}

    public var name: String { "msgpack" }
    public var version: String { "1.0.0" }
    public var summary: String { "values as MessagePack" }

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: "msgpack",
                summary: "values as MessagePack: binary, compact, with bytes, keys of any kind and extension types",
                options: DecodingLimits.optionSpecifications,
                examples: ["msgpack+tcp://host:7000", "msgpack+unix:///run/worker.sock?duplicate-keys=refuse"],
                maker: .codec { MessagePackCodec(limits: DecodingLimits($0)) }
            )
        )
    }
}
