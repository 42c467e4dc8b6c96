/// What the tests of one run share.
public struct ConformanceSettings: Sendable {
    /// One option of one layer, as a URL would say it.
    public struct Option: Sendable, Hashable {
        /// Nil: every layer that declares it.
        public var layer: String?
        public var name: String
        public var value: String

        public init(layer: String? = nil, name: String, value: String) {
            self.layer = layer
            self.name = name
            self.value = value
        }
    }

    /// Of everything that is random; the same seed asks the same.
    public var seed: UInt64
    /// Hostile inputs for each layer that reads bytes.
    public var hostileInputs: Int
    /// For layers that cannot be made without.
    public var options: [Option]
    /// How long a single wait may take before the layer counts as hanging.
    public var patience: Duration

    public init(seed: UInt64 = 1, hostileInputs: Int = 2000, options: [Option] = [], patience: Duration = .seconds(10)) {
        self.seed = seed
        self.hostileInputs = hostileInputs
        self.options = options
        self.patience = patience
    }
}
