public import PatchbayCore

/// Small processors that come with Patchbay.
public struct ProcessorsPlugin: Plugin {
    public init() {}

    public var name: String { "processors" }
    public var version: String { "1.0.0" }
    public var summary: String { "Small steps between codec and framing" }

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: "base64",
                summary: "Each message as base 64 (RFC 4648), which lines can carry whatever it holds",
                examples: ["msgpack+base64+lines+bare+tcp://127.0.0.1:7000"],
                maker: .processor(positions: [.message]) { _ in Base64Processor() }
            )
        )
        registrar.add(
            Layer(
                name: "remove-empty",
                summary: "Drops the empty messages that come in; empty ones are still sent",
                examples: ["json+remove-empty+lines+bare+unix:///run/app.sock"],
                maker: .processor(positions: [.message]) { _ in RemoveEmptyProcessor() }
            )
        )
    }
}
