package import PatchbayCore

/// What the probes of a bound plugin showed. They cannot show that a manifest is right: a wrong width can pass them all.
package struct ProbationResult: Sendable, Hashable, CustomStringConvertible {
    /// How many calls were made and judged.
    package var probes: Int

    package var description: String { "consistent with \(probes) probes" }
}

extension BoundPlugin {
    /// Calls every function with inputs that mistakes of a manifest do not survive: to be run in a child process, which a wrong manifest kills.
    ///
    /// Sizes 0, 1, random, incompressible and 1 MiB; room that is exact, and one byte short; damaged and random messages; there and back. Input
    /// and output end where a page begins that nobody may touch, and the input cannot be written to.
    /// - Parameter seed: of the random messages, to repeat them.
    /// - Throws: `PatchbayError` with what was inconsistent.
    @discardableResult
    package func probation(seed: UInt64) throws(PatchbayError) -> ProbationResult {
        var result = ProbationResult(probes: 0)
        for prepared in processors {
            var probation = ProcessorProbation(try prepared.typicalProcessor(), seed: seed)
            try probation.run()
            result.probes += probation.probes
        }
        return result
    }
}

extension PreparedProcessor {
    /// With the defaults, and the least of what a URL must say.
    func typicalProcessor() throws(PatchbayError) -> BoundProcessor {
        let specifications = options.map { option in
            var option = option
            option.isRequired = false
            guard option.defaultText == nil else { return option }
            option.defaultText =
                switch option.kind {
                case .integer(let range), .size(let range): String(range.lowerBound)
                case .choice(let choices): choices.first
                default: "false"
                }
            return option
        }
        do { return try processor(try Options([:], for: specifications)) } catch {
            throw error as? PatchbayError ?? PatchbayError(.invalidOption, "the defaults do not fit: \(error)", stage: .plugin)
        }
    }
}
