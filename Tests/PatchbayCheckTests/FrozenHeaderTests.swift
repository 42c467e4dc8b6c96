import Foundation
import PatchbayCheck
import PatchbayTesting
import Testing

/// What was compiled against version 1.0 works for as long as there is a version 1.
@Suite struct FrozenHeaderTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Frozen")

    @Test func `a plugin compiled against the frozen header passes everything`() async throws {
        let report = try await Rogue("none", headers: Self.folder).check(profile: .stress)
        #expect(report.passed, "\(report.results.filter { $0.outcome != .pass })")
    }

    @Test func `the frozen header is that of 1.0`() throws {
        let text = try String(contentsOf: Self.folder.appendingPathComponent("patchbay_plugin.h"), encoding: .utf8)
        #expect(text.contains("#define PATCHBAY_ABI_MAJOR 1\n#define PATCHBAY_ABI_MINOR 0\n"))
    }
}
