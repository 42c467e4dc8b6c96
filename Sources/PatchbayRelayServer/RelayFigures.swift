/// How a relay is doing, in short.
public struct RelayFigures: Sendable, Hashable {
    public var names: Int
    public var registrations: Int
    /// Calls that are open, or wait for their listener.
    public var calls: Int
    /// Connections that have not said what they want.
    public var undecided: Int
    /// How full it is, of what is the fullest: 0 to 1.
    public var load: Double
    public var isDraining: Bool
}
