internal import Glibc
internal import Testing

/// The random numbers of every fuzz test: SplitMix64 (Steele, Lea and Flood, 2014), from a seed that it prints.
package struct FuzzSource: RandomNumberGenerator {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    /// The numbers of the test that runs, seeded as ``FuzzSeed`` says.
    ///
    /// - Parameter part: tells the cases of a test apart, or the sources that one test takes.
    package static func forTest(_ part: String = "") -> Self {
        let test = Test.current.map { $0.displayName ?? $0.name } ?? "no test"
        let name = part.isEmpty ? test : "\(test), \(part)"
        let given = getenv("PATCHBAY_SEED").map { String(cString: $0) }
        guard let seed = FuzzSeed(given: given)?.value(for: name) else {
            fatalError("PATCHBAY_SEED is '\(given ?? "")': give a number below 2^64, or random, or nothing")
        }
        // On standard error, unbuffered: the testing library's lines go there, and a trap loses nothing. scripts/test --explore reads it.
        let line = "PATCHBAY_SEED=\(seed) in Test \"\(test)\"\(part.isEmpty ? "" : ", \(part)")\n"
        _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
        return Self(seed: seed)
    }

    package mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
