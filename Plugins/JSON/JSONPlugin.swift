public import PatchbayCore

/// Registers the codec `json`.
public struct JSONPlugin: Plugin {
    public let name = "json"
    public let version = "1.0.0"
    public let summary = "values as JSON (RFC 8259)"

    public init() {}

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: "json",
                summary: "a value a message, as JSON (RFC 8259): integers of any size, keys in order, bytes as base64 text",
                options: [
                    OptionSpecification(
                        "duplicate-keys",
                        .choice(["keep", "refuse"]),
                        default: "keep",
                        summary: "what becomes of an object that has a key twice"
                    ),
                    OptionSpecification(
                        "depth",
                        .integer(1...DecodingLimits.greatestDepth),
                        default: "128",
                        summary: "how deep arrays and objects of a message may lie in each other"
                    ),
                ],
                examples: ["json+tcp://127.0.0.1:7000", "json+lines+bare+unix:///tmp/a.sock?json.duplicate-keys=refuse"],
                maker: .codec { options in
                    JSONCodec(
                        limits: DecodingLimits(
                            depth: options.integer("depth") ?? 128,
                            refusesDuplicateKeys: options.text("duplicate-keys") == "refuse"
                        )
                    )
                }
            )
        )
    }
}
