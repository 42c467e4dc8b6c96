/// What a plugin says of itself, in the JSON of its metadata (docs/plugin-abi.md): enough to list it and to resolve URLs with it, with
/// none of its code run.
public struct PluginMetadata: Sendable, Hashable, Codable {
    /// The version of the interface that it was built against, `major.minor`.
    public var patchbay: String
    /// `[a-z][a-z0-9-]*`.
    public var name: String
    /// Semantic version.
    public var version: String
    /// One line.
    public var summary: String
    public var layers: [LayerMetadata]
    public var aliases: [AliasMetadata]?

    public init(
        patchbay: String,
        name: String,
        version: String,
        summary: String,
        layers: [LayerMetadata],
        aliases: [AliasMetadata]? = nil
    ) {
        self.patchbay = patchbay
        self.name = name
        self.version = version
        self.summary = summary
        self.layers = layers
        self.aliases = aliases
    }
}

/// One layer of a plugin. Fields that its kind does not have are absent.
public struct LayerMetadata: Sendable, Hashable, Codable {
    /// `codec`, `processor`, `authenticator` or `transport`: what a plugin can bring.
    public var kind: String
    public var name: String
    public var summary: String
    public var options: [OptionMetadata]?
    public var examples: [String]?
    /// Its functions may wait: the host runs them on threads of their own.
    public var blocking: Bool?

    // A codec.
    /// Values are bytes of a schema that the host does not know.
    public var raw: Bool?
    /// Bytes are written as base64 text.
    public var bytesAsText: Bool?
    /// False where maps have text alone for keys.
    public var integerKeys: Bool?

    // A processor.
    /// `message`, `stream`, or both.
    public var positions: [String]?
    /// How many times its input a decoder's output may be.
    public var expansion: Int?

    // An authenticator: see `AuthenticatorTraits`.
    public var medium: String?
    public var revealsSecret: Bool?
    public var leavesStreamOpen: Bool?
    public var passwordOption: String?
    public var transports: [String]?
    /// How many messages either side may send in one handshake.
    public var rounds: Int?

    // A transport: see `TransportTraits`.
    public var target: String?
    public var crossesNetwork: Bool?
    public var cost: Int?
    public var connects: Bool?
    public var listens: Bool?

    public init(kind: String, name: String, summary: String) {
        self.kind = kind
        self.name = name
        self.summary = summary
    }
}

/// One option of a layer: see `OptionSpecification`.
public struct OptionMetadata: Sendable, Hashable, Codable {
    public var name: String
    public var summary: String
    /// `text`, `flag`, `integer`, `size`, `duration`, `choice`, `path`, `mode` or `byte`.
    public var type: String
    /// The value that holds where the URL is silent, as it would be written there.
    public var `default`: String?
    /// The range of an integer or a size, in bytes; of a duration in milliseconds.
    public var minimum: Int?
    public var maximum: Int?
    /// A duration may be `none`.
    public var orNone: Bool?
    public var choices: [String]?
    public var secret: Bool?
    public var list: Bool?
    public var changesWire: Bool?
    public var required: Bool?

    public init(name: String, summary: String, type: String) {
        self.name = name
        self.summary = summary
        self.type = type
    }
}

/// A name that stands for a chain of layers: see `Alias`.
public struct AliasMetadata: Sendable, Hashable, Codable {
    public var name: String
    public var summary: String
    public var expansion: [String]
    public var examples: [String]?

    public init(name: String, summary: String, expansion: [String], examples: [String]? = nil) {
        self.name = name
        self.summary = summary
        self.expansion = expansion
        self.examples = examples
    }
}
