import Foundation
import PatchbayCore
import PatchbayLoader
import PluginTestSupport
import Testing

@Suite(
    .enabled(if: Compiler.path != nil, "no C compiler"),
    .enabled(if: Helper.path != nil, "the program patchbay is not built"),
    .timeLimit(.minutes(2))
)
struct RecordTests {
    private func check(_ bench: Bench, helper: String? = Helper.path) async throws -> PluginState? {
        try await bench.loader(helper: helper).check(beside: Registry()).reports.first?.state
    }

    private func records(_ bench: Bench) -> [String] {
        let folder = "\(bench.folder.path)/cache/patchbay/plugins"
        return ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).map { "\(folder)/\($0)" }
    }

    @Test func `a plugin is run once, and the result serves processes without a helper`() async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode(extra: bench.trap))
        #expect(bench.list().first?.state == .unchecked && !bench.hasRun)
        #expect(try await check(bench) == .ready)
        #expect(bench.hasRun)
        try FileManager.default.removeItem(atPath: "\(bench.folder.path)/has-run")
        #expect(try await check(bench, helper: nil) == .ready)
        #expect(bench.list().first?.state == .ready && !bench.hasRun)
    }

    @Test func `the folder of records is this user's alone`() async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode())
        _ = try await check(bench)
        let folder = "\(bench.folder.path)/cache/patchbay/plugins"
        #expect(try FileManager.default.attributesOfItem(atPath: folder)[.posixPermissions] as? Int == 0o700)
        let record = try #require(records(bench).first)
        #expect(try FileManager.default.attributesOfItem(atPath: record)[.posixPermissions] as? Int == 0o600)
        // What others may write proves nothing.
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: folder)
        #expect(bench.list().first?.state == .unchecked)
    }

    @Test func `with neither helper nor record it is refused, with a line that says so`() async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode(extra: bench.trap))
        let state = try await check(bench, helper: nil)
        #expect(state?.reason?.contains("never run on this machine") == true && state?.reason?.contains("helper") == true)
        #expect(!bench.hasRun)
    }

    @Test func `quarantine ends when the file changes`() async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode(entry: "abort();"))
        guard case .quarantined = try await check(bench) else {
            Issue.record("it aborted, and was not quarantined")
            return
        }
        guard case .quarantined(let reason)? = bench.list().first?.state else {
            Issue.record("the quarantine was not kept")
            return
        }
        #expect(reason.contains("SIGABRT"))
        try await bench.folder.compile(PluginCode())
        #expect(bench.list().first?.state == .unchecked)
        #expect(try await check(bench) == .ready)
    }

    @Test func `a quarantined plugin is not run again`() async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode(extra: bench.trap, entry: "abort();"))
        _ = try await check(bench)
        try FileManager.default.removeItem(atPath: "\(bench.folder.path)/has-run")
        _ = try await check(bench)
        #expect(!bench.hasRun)
    }

    @Test func `a record for another version of the interface does not count`() async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode())
        _ = try await check(bench)
        let newer = InterfaceVersion(major: 1, minor: 99)
        #expect(PluginScan(bench.search, environment: bench.environment, version: newer).plugins.first?.record == nil)
        #expect(PluginScan(bench.search, environment: bench.environment).plugins.first?.record != nil)
    }

    @Test(arguments: ["", "{", "null", "[]", "{\"key\":{}}", "\u{0}\u{1}\u{2}", String(repeating: "[", count: 60_000)])
    func `a record that cannot be read is none`(text: String) async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode())
        _ = try await check(bench)
        let record = try #require(records(bench).first)
        try text.write(toFile: record, atomically: false, encoding: .utf8)
        #expect(bench.list().first?.state == .unchecked)
        #expect(try await check(bench) == .ready)
    }

    @Test func `a record of other content does not count, whatever else fits`() async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode())
        _ = try await check(bench)
        let path = try #require(records(bench).first)
        let record = try #require(bench.record)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let other = text.replacing(record.key.contentHash, with: String(repeating: "0", count: 64))
        try other.write(toFile: path, atomically: false, encoding: .utf8)
        guard case .refused? = try await check(bench, helper: nil) else {
            Issue.record("a plugin of other content was taken for the one that was run")
            return
        }
    }

    @Test func `one plugin that crashes costs the others nothing`() async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode(name: "a"))
        try await bench.folder.compile(PluginCode(name: "b", entry: "abort();"))
        try await bench.folder.compile(PluginCode(name: "c"))
        let reports = try await bench.loader().check(beside: Registry()).reports
        #expect(reports.map(\.state.word) == ["ready", "quarantined", "ready"])
        #expect(records(bench).count == 3)
    }
}
