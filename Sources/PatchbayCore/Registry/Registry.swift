public import NIOCore

/// What plugins registered: a value, to be passed around.
public struct Registry: Sendable {
    /// A plugin of this registry, as `patchbay list` shows it.
    public struct RegisteredPlugin: Sendable {
        public var name: String
        public var version: String
        public var summary: String
        public var source: PluginSource
        /// The names of its layers and aliases, in the order in which they were added.
        public var layers: [String]
        public var aliases: [String]
    }

    /// A layer, with the plugin that it came from.
    public struct RegisteredLayer: Sendable {
        public var layer: Layer
        public var plugin: String
    }

    /// An alias, with the plugin that it came from.
    public struct RegisteredAlias: Sendable {
        public var alias: Alias
        public var plugin: String
    }

    /// In the order in which they were registered.
    public private(set) var plugins: [RegisteredPlugin] = []
    private var layersByName: [String: RegisteredLayer] = [:]
    private var aliasesByName: [String: RegisteredAlias] = [:]

    /// Shared by copies, which know the same names.
    private(set) var cache = ResolutionCache()
    private var hiddenDefaultKey = HiddenKey()

    public init() {}

    /// For authenticators that take a key and whose URL gives none, unless they would send it as it is; nil: where the
    /// environment says (docs/url.md). Never printed.
    public var defaultKey: ByteBuffer? {
        get { hiddenDefaultKey.bytes }
        set { hiddenDefaultKey.bytes = newValue }
    }

    /// Adds all that a plugin has, or nothing.
    /// - Throws: ``PatchbayError`` with `invalidArgument` for a name or an option that breaks the rules, or a name that
    ///   another plugin took, which is named.
    public mutating func register(_ plugin: some Plugin, source: PluginSource = .linked) throws {
        try register(plugin as any Plugin, source: source)
    }

    /// Adds all that a plugin has, or nothing.
    public mutating func register(_ plugin: any Plugin, source: PluginSource = .linked) throws {
        cache = ResolutionCache()
        var registrar = Registrar()
        plugin.register(into: &registrar)
        let check = RegistrationCheck(plugin: plugin.name)
        try check.pluginName(taken: plugins.contains { $0.name == plugin.name })
        var names: [String: String] = layersByName.mapValues(\.plugin).merging(aliasesByName.mapValues(\.plugin)) { first, _ in first }
        for layer in registrar.layers {
            try check.name(layer.name, takenBy: names[layer.name])
            try check.options(of: layer)
            names[layer.name] = plugin.name
        }
        for alias in registrar.aliases {
            try check.name(alias.name, takenBy: names[alias.name])
            try check.expansion(of: alias)
            names[alias.name] = plugin.name
        }
        for layer in registrar.layers { layersByName[layer.name] = RegisteredLayer(layer: layer, plugin: plugin.name) }
        for alias in registrar.aliases { aliasesByName[alias.name] = RegisteredAlias(alias: alias, plugin: plugin.name) }
        plugins.append(
            RegisteredPlugin(
                name: plugin.name,
                version: plugin.version,
                summary: plugin.summary,
                source: source,
                layers: registrar.layers.map(\.name),
                aliases: registrar.aliases.map(\.name)
            )
        )
    }

    public func layer(named name: String) -> RegisteredLayer? { layersByName[name] }

    public func alias(named name: String) -> RegisteredAlias? { aliasesByName[name] }

    public func plugin(named name: String) -> RegisteredPlugin? { plugins.first { $0.name == name } }

    /// All layers, or those of one kind, by name.
    public func layers(of kind: LayerKind? = nil) -> [RegisteredLayer] {
        layersByName.values.filter { kind == nil || $0.layer.kind == kind }.sorted { $0.layer.name < $1.layer.name }
    }

    /// All aliases, by name.
    public var aliases: [RegisteredAlias] { aliasesByName.values.sorted { $0.alias.name < $1.alias.name } }
}

/// How a plugin came into a registry.
public enum PluginSource: Sendable, Hashable {
    /// Part of the program.
    case linked
    /// A shared object, by its path.
    case sharedObject(String)
    /// A manifest that binds a library, by its path.
    case manifest(String)
}
