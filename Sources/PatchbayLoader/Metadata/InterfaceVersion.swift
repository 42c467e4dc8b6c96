internal import CPatchbay

/// What this host says of itself to a plugin, and holds a plugin's words against.
///
/// Tests pretend to be an older or a newer host with another value.
public struct InterfaceVersion: Sendable, Hashable {
    public var major: UInt16
    public var minor: UInt16
    /// Bits of `patchbay_plugin.required` that this host understands.
    public var knownRequirements: UInt64

    public init(major: UInt16, minor: UInt16, knownRequirements: UInt64 = 0) {
        self.major = major
        self.minor = minor
        self.knownRequirements = knownRequirements
    }

    /// Of the header that this was built with.
    public static let current = Self(major: UInt16(PATCHBAY_ABI_MAJOR), minor: UInt16(PATCHBAY_ABI_MINOR))
}
