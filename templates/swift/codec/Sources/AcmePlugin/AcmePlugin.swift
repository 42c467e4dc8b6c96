public import PatchbayCore

/// Registers the codec `acme`.
public struct AcmePlugin: Plugin {
    public let name = "acme"
    public let version = "0.1.0"
    public let summary = "values as letters, numbers and texts with their lengths"

    public init() {}

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: "acme",
                summary: "a value a message: n, t, f, i42e, r and 16 hexadecimal digits, s5:hello, b3:…, l…e, d…e",
                options: [
                    OptionSpecification(
                        "depth",
                        .integer(1...DecodingLimits.greatestDepth),
                        default: "128",
                        summary: "how deep lists and dictionaries of a message may lie in each other"
                    )
                ],
                examples: ["acme+tcp://127.0.0.1:7000"],
                maker: .codec { options in AcmeCodec(limits: DecodingLimits(depth: options.integer("depth") ?? 128)) }
            )
        )
    }
}
