/// How much of one limit is used.
public struct RelayLoad: Sendable, Hashable {
    /// As ``RelayLimits`` has it, such as `registrations-per-key`.
    public var name: String
    /// Of limits per key, name or address: by the one that uses most.
    public var used: Int
    public var limit: Int

    /// 0 to 1, and above for what was there before the limit.
    public var share: Double { Double(used) / Double(max(limit, 1)) }

    public init(name: String, used: Int, limit: Int) {
        self.name = name
        self.used = used
        self.limit = limit
    }
}

/// Why a registration took the place of another.
enum RelayTakeover: String, Sendable {
    case sameListener = "same-listener"
    case higherGeneration = "higher-generation"
}
