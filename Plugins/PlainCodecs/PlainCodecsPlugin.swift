public import PatchbayCore

/// The codecs without a format: `bytes`, `text` and `null`.
public struct PlainCodecsPlugin: Plugin {
    public init() {}

    public var name: String { "plain-codecs" }
    public var version: String { "1.0.0" }
    public var summary: String { "messages as bytes, as text, or as nothing" }

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: "bytes",
                summary: "messages as their bytes; what a URL without a codec means",
                examples: ["bytes+tcp://host:7000", "tcp://host:7000"],
                maker: .codec { _ in BytesCodec() }
            )
        )
        registrar.add(
            Layer(
                name: "text",
                summary: "messages as UTF-8 text, checked",
                examples: ["text+lines+bare+unix:///tmp/a.sock"],
                maker: .codec { _ in TextCodec() }
            )
        )
        registrar.add(
            Layer(
                name: "null",
                summary: "sends everything as an empty message, reads everything as null",
                examples: ["null+tcp://host:7000"],
                maker: .codec { _ in NullCodec() }
            )
        )
    }
}
