internal import FuzzSupport
internal import Testing

@Suite("The seeds of fuzz tests") struct FuzzSourceTests {
    // Vectors of RFC 9923.
    @Test(
        "a name's seed is its FNV-1a",
        arguments: zip(["", "a", "foobar"], [0xcbf2_9ce4_8422_2325, 0xaf63_dc4c_8601_ec8c, 0x8594_4171_f739_67e8] as [UInt64])
    )
    func hash(name: String, seed: UInt64) { #expect(FuzzSeed.hash(name) == seed) }

    @Test("unset, a seed is the name's, always; a number repeats that seed for every name; random takes another each time")
    func choice() throws {
        for unset in [nil, ""] {
            let seed = try #require(FuzzSeed(given: unset))
            #expect(seed.value(for: "a") == 0xaf63_dc4c_8601_ec8c)
        }
        let given = try #require(FuzzSeed(given: "18446744073709551615"))
        #expect(given.value(for: "a") == .max && given.value(for: "b") == .max)
        let random = try #require(FuzzSeed(given: "random"))
        // Three alike: once in 2^128.
        #expect(Set((0..<3).map { _ in random.value(for: "a") }).count > 1)
    }

    @Test("what is neither a number nor random is no seed", arguments: ["Random", "-1", "0x10", "18446744073709551616", " 1"])
    func refused(given: String) { #expect(FuzzSeed(given: given) == nil) }

    // What the reference implementation in C gives (Vigna, splitmix64.c).
    @Test("the numbers are those of SplitMix64")
    func numbers() {
        var source = FuzzSource(seed: 1_234_567)
        let expected: [UInt64] = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
        #expect((0..<3).map { _ in source.next() } == expected)
    }
}
