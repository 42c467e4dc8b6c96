/// A unit that registers layers: linked in, or loaded.
public protocol Plugin: Sendable {
    /// `[a-z][a-z0-9-]*`.
    var name: String { get }
    /// Semantic version.
    var version: String { get }
    /// One line.
    var summary: String { get }

    /// Registers everything, at once. Called once per registry; opens, starts and reads nothing.
    func register(into registrar: inout Registrar)
}

/// What a plugin registers into.
public struct Registrar {
    package var layers: [Layer] = []
    package var aliases: [Alias] = []

    package init() {}

    public mutating func add(_ layer: Layer) { layers.append(layer) }
    public mutating func add(_ alias: Alias) { aliases.append(alias) }
}

/// A name that stands for a chain of layers.
public struct Alias: Sendable {
    public var name: String
    public var summary: String
    /// The layers, from the application to the wire, such as `["pickle", "python-frames", "python-hmac", "bare"]`.
    public var expansion: [String]
    /// The system it stands for takes any option as handshake data.
    public var admitsAnyData: Bool
    /// Examples for `inspect`.
    public var examples: [String]

    public init(name: String, summary: String, expansion: [String], admitsAnyData: Bool = false, examples: [String] = []) {
        self.name = name
        self.summary = summary
        self.expansion = expansion
        self.admitsAnyData = admitsAnyData
        self.examples = examples
    }
}
