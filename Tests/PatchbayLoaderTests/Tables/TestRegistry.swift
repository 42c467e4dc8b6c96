internal import PatchbayCore
internal import PatchbayLoader

extension Registry {
    /// What a conversation needs beside the plugins of a test: the default framing, and connections inside this process.
    static func forTest(_ modules: LoadedModule...) throws -> Registry {
        var registry = Registry()
        try registry.register(InProcessPlugin())
        try registry.register(Defaults())
        for module in modules { try registry.register(module.plugin, source: .sharedObject("a test's")) }
        return registry
    }
}

private struct Defaults: Plugin {
    let name = "defaults"
    let version = "1.0.0"
    let summary = "the default codec and framing"

    func register(into registrar: inout Registrar) {
        registrar.add(Layer(name: "length", summary: summary, maker: .framing { _ in LengthFraming() }))
        registrar.add(Layer(name: "bytes", summary: summary, maker: .codec { _ in BytesCodec() }))
    }
}
