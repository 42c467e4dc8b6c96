/// How much a relay takes on. Beyond a limit it refuses, and says which; at four fifths of one it warns.
public struct RelayLimits: Sendable, Hashable {
    /// Listeners that are registered at once.
    public var registrations = 20_000
    /// Of them, by one key and from one address.
    public var registrationsPerKey = 10_000
    public var registrationsPerAddress = 10_000
    /// Listeners of one name, where its key allows several.
    public var listenersPerName = 64
    /// Calls at once, those that wait for their listener among them.
    public var circuits = 4_096
    /// Of them, by one key, to one name and from one address.
    public var circuitsPerKey = 4_096
    public var circuitsPerName = 1_024
    public var circuitsPerAddress = 2_048
    /// Of those to one name, such as its listener has not taken yet.
    public var waitingPerName = 256
    /// Connections that have not said what they want.
    public var undecided = 1_024
    /// How long one has for that.
    public var decision: Duration = .seconds(5)
    /// How long a listener has to take a call.
    public var answer: Duration = .seconds(10)
    /// A name is away, not gone, for so long after its listener's last word.
    public var lease: Duration = .seconds(30)
    /// Bytes that wait in each direction of a call.
    public var buffer = 262_144

    public init() {}
}
