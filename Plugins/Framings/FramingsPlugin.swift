public import PatchbayCore

/// The framings that come with Patchbay, for its own wire and for peers that speak others.
public struct FramingsPlugin: Plugin {
    public init() {}

    public var name: String { "framings" }
    public var version: String { "1.0.0" }
    public var summary: String { "Ways to cut a stream of bytes into messages" }

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: "length",
                summary: "Patchbay's own: 30 bits of length, fragments and control frames",
                examples: ["json+length+tcp://127.0.0.1:7000"],
                maker: .framing { _ in LengthFraming() }
            )
        )
        registrar.add(
            Layer(
                name: "length32",
                summary: "A 32-bit big-endian length, then the message",
                examples: ["json+length32+bare+tcp://127.0.0.1:7000"],
                maker: .framing { _ in FixedLengthFraming(width: .four) }
            )
        )
        registrar.add(
            Layer(
                name: "length64",
                summary: "A 64-bit big-endian length, then the message: tremor's length-prefixed",
                examples: ["json+length64+bare+unix:///run/tremor.sock"],
                maker: .framing { _ in FixedLengthFraming(width: .eight) }
            )
        )
        registrar.add(
            Layer(
                name: "varint",
                summary: "A length in base 128, as Protocol Buffers writes it, then the message",
                examples: ["msgpack+varint+bare+tcp://127.0.0.1:7000"],
                maker: .framing { _ in VarintFraming() }
            )
        )
        registrar.add(
            Layer(
                name: "textual-length",
                summary: "A decimal length, a space, then the message: tremor's textual-length-prefixed",
                examples: ["json+textual-length+bare+tcp://127.0.0.1:6514"],
                maker: .framing { _ in TextualLengthFraming() }
            )
        )
        registrar.add(
            Layer(
                name: "none",
                summary: "What one read gives is a message; boundaries are not kept",
                examples: ["bytes+none+bare+tcp://127.0.0.1:7000"],
                maker: .framing { _ in UnframedFraming() }
            )
        )
        registerSeparated(into: &registrar)
    }

    private func registerSeparated(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: "lines",
                summary: "A message a line",
                options: [
                    OptionSpecification(
                        "crlf",
                        .flag,
                        default: "false",
                        changesWire: true,
                        summary: "lines end with a carriage return and a newline; a newline alone is accepted as well"
                    )
                ],
                examples: ["json+lines+bare+unix:///run/app.sock", "json+lines+bare+tcp://127.0.0.1:7000?crlf=true"],
                maker: .framing { options in
                    SeparatedFraming(separator: 0x0a, acceptsCarriageReturn: options.flag("crlf"), layer: "lines")
                }
            )
        )
        registrar.add(
            Layer(
                name: "separated",
                summary: "One byte between messages: tremor's separate",
                options: [
                    OptionSpecification(
                        "byte",
                        .byte,
                        default: "0x0a",
                        changesWire: true,
                        summary: "the separator: a character, or 0x and two digits"
                    )
                ],
                examples: ["json+separated+bare+tcp://127.0.0.1:7000?byte=0x00", "bytes+separated+bare+unix:///run/app.sock?byte=%7C"],
                maker: .framing { options in
                    SeparatedFraming(separator: UInt8(truncatingIfNeeded: options.integer("byte") ?? 0x0a), layer: "separated")
                }
            )
        )
    }
}
