/// Where a test's seed comes from, as PATCHBAY_SEED says.
///
/// Unset, each test has a seed of its own that never changes: a run fails because of a change, never by chance.
package enum FuzzSeed: Equatable {
    case byName
    case byChance
    case fixed(UInt64)

    /// Nil if `given` is neither a number nor `random`.
    package init?(given: String?) {
        switch given {
        case nil, "": self = .byName
        case "random": self = .byChance
        case let text?:
            guard let number = UInt64(text) else { return nil }
            self = .fixed(number)
        }
    }

    package func value(for name: String) -> UInt64 {
        switch self {
        case .byName: Self.hash(name)
        case .byChance: UInt64.random(in: .min ... .max)
        case .fixed(let number): number
        }
    }

    /// FNV-1a of the UTF-8 (RFC 9923), which is the same in every process; Swift's `Hasher` is not.
    package static func hash(_ name: String) -> UInt64 {
        name.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
