public import PatchbayCore

/// The codec `cbor`.
public struct CBORPlugin: Plugin {
    public init() {}

    public var name: String { "cbor" }
    public var version: String { "1.0.0" }
    public var summary: String { "values as CBOR (RFC 8949)" }

    public func register(into registrar: inout Registrar) {
        let floats = OptionSpecification(
            "floats",
            .choice(CBORCodec.Floats.allCases.map(\.rawValue)),
            default: CBORCodec.Floats.typed.rawValue,
            summary: "write doubles in 64 bits (typed), or each float in the shortest form that keeps its value (shortest)"
        )
        registrar.add(
            Layer(
                name: "cbor",
                summary: "values as CBOR (RFC 8949): binary, compact, with bytes, big integers, tags and keys of any kind",
                options: DecodingLimits.optionSpecifications + [floats],
                examples: ["cbor+tcp://host:7000", "cbor+unix:///run/worker.sock?floats=shortest"],
                maker: .codec { options in
                    CBORCodec(
                        limits: DecodingLimits(options),
                        floats: options.text("floats").flatMap(CBORCodec.Floats.init(rawValue:)) ?? .typed
                    )
                }
            )
        )
    }
}
