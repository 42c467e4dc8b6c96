public import PatchbayCore

extension PatchbayError.Code {
    /// A relay knows no such name.
    public static let noSuchName = Self("no-such-name")
    /// A relay knows the name, and its listener is not there now.
    public static let nameAway = Self("name-away")
    /// A name has a listener already.
    public static let nameTaken = Self("name-taken")
    /// A relay has no room.
    public static let relayFull = Self("relay-full")
    /// A relay is going down, or cannot be reached.
    public static let relayDown = Self("relay-down")
}
