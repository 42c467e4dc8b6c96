import Glibc
import PatchbayCore
import Testing

@testable import PatchbayLoader

@Suite(.timeLimit(.minutes(5))) struct ProbationTests {
    @Test("a shipped manifest is consistent with its library", arguments: ShippedManifest.allCases)
    func shipped(_ shipped: ShippedManifest) throws {
        if let missing = shipped.missing { try Test.cancel("\(missing)") }
        let result = try shipped.plugin().probation(seed: 42)
        #expect(result.probes > 50)
        #expect("\(result)" == "consistent with \(result.probes) probes")
    }

    @Test("a function that writes one byte too far dies at the guard page")
    func overrun() async throws {
        guard RogueLibrary.canBuild else { try Test.cancel("no gcc") }
        await #expect(processExitsWith: .signal(SIGSEGV)) {
            try RogueLibrary.with("rogue_overruns") { _ = try $0.probation(seed: 1) }
        }
    }

    @Test("a function that writes into its input dies")
    func changedInput() async throws {
        guard RogueLibrary.canBuild else { try Test.cancel("no gcc") }
        await #expect(processExitsWith: .signal(SIGSEGV)) {
            try RogueLibrary.with("rogue_changes_input") { _ = try $0.probation(seed: 1) }
        }
    }

    @Test("an honest copy passes", .enabled(if: RogueLibrary.canBuild, "no gcc"))
    func honest() throws {
        try RogueLibrary.with("rogue_copy") { plugin in
            let result = try plugin.probation(seed: 1)
            #expect(result.probes > 50)
        }
    }

    @Test(
        "what is inconsistent is told",
        .enabled(if: RogueLibrary.canBuild, "no gcc"),
        arguments: ["rogue_flips", "rogue_truncates", "rogue_always_fails", "rogue_lies", "rogue_lies_below_zero"]
    )
    func inconsistent(_ function: String) throws {
        try RogueLibrary.with(function) { plugin in
            let error = #expect(throws: PatchbayError.self) { try plugin.probation(seed: 1) }
            #expect(error?.code == PatchbayError.Code("plugin-breach"))
        }
    }
}
