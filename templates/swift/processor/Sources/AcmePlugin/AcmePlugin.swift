public import PatchbayCore

/// Registers the processor `acme`.
public struct AcmePlugin: Plugin {
    public let name = "acme"
    public let version = "0.1.0"
    public let summary = "bytes under a mask"

    public init() {}

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: "acme",
                summary: "exclusive-ors every byte with a mask",
                options: [
                    OptionSpecification(
                        "mask",
                        .byte,
                        default: "0x20",
                        changesWire: true,
                        summary: "what every byte is exclusive-ored with"
                    )
                ],
                examples: ["json+acme+tcp://127.0.0.1:7000", "json+acme+tcp://127.0.0.1:7000?acme.mask=0xff"],
                maker: .processor(positions: [.message, .stream]) { options in
                    AcmeProcessor(mask: UInt8(truncatingIfNeeded: options.integer("mask") ?? 0x20))
                }
            )
        )
    }
}
