import Patchbay
import PatchbayCore
import PatchbayTesting
import Testing

/// Every layer of the standard registry answers the questions that a loaded plugin is asked.
@Suite struct BuiltInConformanceTests {
    static let tests = Registry.standard.layers().flatMap { Conformance.tests(of: $0.layer) }

    /// What the tests cannot know by themselves.
    static let settings = ConformanceSettings(seed: 2026, hostileInputs: 500)

    @Test(arguments: tests)
    func `a built-in layer conforms`(_ test: ConformanceTest) async throws {
        if let reason = try await test.verify(Self.settings) { print("\(test.name) was skipped: \(reason)") }
    }
}
