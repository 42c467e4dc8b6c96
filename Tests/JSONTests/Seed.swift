import Foundation

/// A generator that a failing run can repeat: PATCHBAY_SEED, or a random seed, which is printed.
enum Seed {
    static func generator(_ name: String = #function) -> SplitMix64 {
        let given = ProcessInfo.processInfo.environment["PATCHBAY_SEED"].flatMap { UInt64($0) }
        let seed = given ?? UInt64.random(in: .min ... .max)
        print("\(name): PATCHBAY_SEED=\(seed)")
        return SplitMix64(state: seed)
    }
}

/// Steele, Lea and Flood: Fast splittable pseudorandom number generators (2014).
struct SplitMix64: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }
}
