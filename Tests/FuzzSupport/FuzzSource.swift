internal import Glibc

/// Random numbers that PATCHBAY_SEED repeats (SplitMix64, Steele, Lea and Flood 2014).
package struct FuzzSource: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// Prints the seed, so that a failure can be repeated.
    package static func forFuzzing(_ name: String) -> Self {
        let given = getenv("PATCHBAY_SEED").flatMap { UInt64(String(cString: $0)) }
        let seed = given ?? UInt64.random(in: .min ... .max)
        print("\(name): PATCHBAY_SEED=\(seed)")
        return Self(seed: seed)
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }

    /// Random bytes, or `valid` with some of its bytes changed, dropped, doubled or cut off.
    package mutating func input(from valid: [UInt8], longest: Int) -> [UInt8] {
        if Bool.random(using: &self) || valid.isEmpty {
            return (0..<Int.random(in: 0...longest, using: &self)).map { _ in UInt8.random(in: .min ... .max, using: &self) }
        }
        var bytes = valid
        for _ in 0...Int.random(in: 0...3, using: &self) where !bytes.isEmpty {
            let index = Int.random(in: 0..<bytes.count, using: &self)
            switch Int.random(in: 0..<5, using: &self) {
            case 0: bytes[index] = UInt8.random(in: .min ... .max, using: &self)
            case 1: bytes[index] ^= 1 << UInt8.random(in: 0..<8, using: &self)
            case 2: bytes.remove(at: index)
            case 3: bytes.insert(bytes[index], at: index)
            default: bytes.removeSubrange(index...)
            }
        }
        return bytes
    }
}
