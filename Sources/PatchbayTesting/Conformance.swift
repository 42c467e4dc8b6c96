public import PatchbayCore

/// The conformance suites: what every layer of each kind must keep, for the authors of plugins.
public enum Conformance {
    /// All questions to all layers of a plugin, in the order in which it registers them.
    public static func tests(of plugin: any Plugin) -> [ConformanceTest] {
        var registrar = Registrar()
        plugin.register(into: &registrar)
        return registrar.layers.flatMap { tests(of: $0) }
    }

    /// All questions to one layer. A framing has none of its own: it is asked by the tests of the core.
    public static func tests(of layer: Layer) -> [ConformanceTest] {
        switch layer.maker {
        case .codec(let make): CodecConformance(layer: layer, make: make).tests
        case .processor(let positions, let make): ProcessorConformance(layer: layer, positions: positions, make: make).tests
        case .authenticator(let traits, let make): AuthenticatorConformance(layer: layer, traits: traits, make: make).tests
        case .transport(let traits, let transport): TransportConformance(layer: layer, traits: traits, transport: transport).tests
        case .framing: []
        }
    }
}
