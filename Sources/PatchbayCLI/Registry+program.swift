internal import Patchbay
internal import PatchbayTLS

extension Registry {
    /// What is part of the program and needs no leave: the standard registry, and TLS.
    static let program: Registry = {
        var registry = Registry.standard
        // Its names are taken by nothing that is built in, which a test sees.
        try? registry.register(TLSPlugin())
        return registry
    }()
}
