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
struct LoadTests {
    @Test func `what passes its first run is registered with its path, and the rest has a reason each`() async throws {
        let bench = try Bench()
        let good = try await bench.folder.compile(PluginCode(name: "good"))
        try await bench.folder.compile(PluginCode(name: "bad", entry: "abort();"))
        try await bench.folder.compile(PluginCode(name: "good2", layers: ["good"]))
        try Data("no ELF".utf8).write(to: URL(fileURLWithPath: "\(bench.folder.path)/nothing.so"))
        var registry = Registry()
        let reports = try await bench.load(into: &registry)
        #expect(reports.map(\.name) == ["bad", "good", "good2", "nothing"])
        #expect(reports.map(\.state.word) == ["quarantined", "ready", "shadowed", "refused"])
        #expect(registry.plugins.map(\.source) == [.sharedObject(good)])
        #expect(registry.layer(named: "good")?.layer.kind == .processor)
        let steps = try #require(reports.first { $0.name == "good" }).steps
        #expect(steps.map(\.name) == ["trust", "metadata", "interface", "libraries", "hash", "first run", "load"])
        #expect(steps.allSatisfy { $0.outcome == .passed })
    }

    @Test func `loading twice changes nothing`() async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode(name: "good"))
        var registry = Registry()
        _ = try await bench.load(into: &registry)
        let again = try await bench.load(into: &registry)
        #expect(again.map(\.state) == [.ready] && registry.plugins.count == 1)
    }

    @Test func `linked plugins have their reports first`() async throws {
        struct Linked: Plugin {
            let name = "linked"
            let version = "1.0.0"
            let summary = "part of the program"
            func register(into registrar: inout Registrar) {}
        }
        let bench = try Bench()
        try await bench.folder.compile(PluginCode(name: "good"))
        var registry = Registry()
        try registry.register(Linked())
        let reports = try await bench.loader().load(into: &registry)
        #expect(reports.map(\.state) == [.linked, .ready] && reports.map(\.name) == ["linked", "good"])
    }

    @Test func `metadata that lies is found in the child`() async throws {
        let bench = try Bench()
        let other = #""{\"patchbay\": \"1.0\", \"name\": \"other\", \"version\": \"1.2.3\", \"summary\": \"x\", \"layers\": []}""#
        try await bench.folder.compile(PluginCode(name: "acme", liveMetadata: other))
        var registry = Registry()
        let report = try #require(try await bench.load(into: &registry).first)
        guard case .quarantined(let reason) = report.state else {
            Issue.record("\(report.state)")
            return
        }
        #expect(reason.contains("name") || reason.contains("metadata"), "\(reason)")
        #expect(bench.record?.outcome.stage == .entry && registry.plugins.isEmpty)
    }

    @Test func `a lock file lets through what it names, by content`() async throws {
        let bench = try Bench()
        let first = try await bench.folder.compile(PluginCode(name: "first"))
        try await bench.folder.compile(PluginCode(name: "second"))
        let checked = try await bench.loader().check(beside: Registry())
        let hash = try #require(checked.plugins.first { $0.path == first }?.contentHash)
        // Another path: the content counts.
        let lock = LockFile(entries: [.init(hash: hash, path: "/elsewhere/first.so")])
        var registry = Registry()
        let reports = try await bench.loader(lock: lock).load(into: &registry)
        #expect(reports.map(\.state.word) == ["ready", "refused"] && registry.plugins.map(\.name) == ["first"])
        #expect(reports.last?.state.reason?.contains("not in the lock file") == true)
    }

    @Test func `what the lock file does not name is not even run in a child`() async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode(name: "acme", extra: bench.trap))
        var registry = Registry()
        let reports = try await bench.loader(lock: LockFile(entries: [])).load(into: &registry)
        #expect(reports.map(\.state.word) == ["refused"] && !bench.hasRun)
    }

    @Test func `a file that changed between the check and its use is refused`() async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode(name: "acme"))
        let plugin = try #require(bench.found.first)
        #expect(throws: Never.self) { _ = try plugin.reopened() }
        // The same bytes in another inode are another file.
        let copy = "\(bench.folder.path)/copy"
        try FileManager.default.copyItem(atPath: plugin.path, toPath: copy)
        #expect(rename(copy, plugin.path) == 0)
        let distrust = #expect(throws: Distrust.self) { _ = try plugin.reopened() }
        #expect(distrust?.kind == .changed)
        let error = #expect(throws: PatchbayError.self) {
            _ = try LoadedModule(path: plugin.path, metadata: try #require(plugin.metadata), file: plugin.file?.identity)
        }
        #expect(error?.message.contains("changed") == true)
    }

    @Test func `the public call checks its own arguments before it loads anything`() async throws {
        var registry = Registry()
        await #expect(throws: PatchbayError.self) { try await registry.loadPlugins(from: PluginSearch(), helper: "patchbay") }
        await #expect(throws: PatchbayError.self) { try await registry.loadPlugins(from: PluginSearch(), lock: "/nowhere/plugins.lock") }
        #expect(try await registry.loadPlugins(from: PluginSearch()).isEmpty)
    }
}
