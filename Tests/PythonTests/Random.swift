internal import Foundation

/// SplitMix64, seeded from `PATCHBAY_SEED` where that is set.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    /// Prints the seed, so that a failure can be repeated.
    static func forFuzzing(_ what: String) -> SeededRandom {
        let seed = ProcessInfo.processInfo.environment["PATCHBAY_SEED"].flatMap { UInt64($0) } ?? UInt64.random(in: .min ... .max)
        print("fuzzing \(what) with PATCHBAY_SEED=\(seed)")
        return SeededRandom(seed: seed)
    }

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &self) } }

    /// Half of the time noise, else one of `seeds` with some bytes changed, removed or inserted.
    mutating func input(from seeds: [[UInt8]], noise: ClosedRange<Int> = 0...80) -> [UInt8] {
        guard Bool.random(using: &self), var input = seeds.randomElement(using: &self) else {
            return bytes(.random(in: noise, using: &self))
        }
        for _ in 0..<Int.random(in: 1...4, using: &self) {
            let at = Int.random(in: 0...input.count, using: &self)
            switch Int.random(in: 0...3, using: &self) {
            case 0 where at < input.count: input[at] = .random(in: .min ... .max, using: &self)
            case 1 where at < input.count: input.remove(at: at)
            case 2: input.insert(.random(in: .min ... .max, using: &self), at: at)
            default: input.removeLast(min(input.count, Int.random(in: 0...2, using: &self)))
            }
        }
        return input
    }
}
