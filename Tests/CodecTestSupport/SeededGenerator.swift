internal import Foundation

/// SplitMix64 (Steele, Lea and Flood, 2014), so that a failure can be repeated from the seed it printed.
public struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    /// Takes the seed from `PATCHBAY_SEED`, else by chance, and prints it.
    public init(for test: String) {
        let given = ProcessInfo.processInfo.environment["PATCHBAY_SEED"].flatMap { UInt64($0) }
        state = given ?? UInt64.random(in: .min ... .max)
        print("\(test): PATCHBAY_SEED=\(state)")
    }

    public mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
