import Foundation
import PatchbayCore
import PatchbayLoader
import PluginTestSupport
import Testing

@Suite(.enabled(if: Compiler.path != nil, "no C compiler"))
struct ShadowingTests {
    private struct Linked: Plugin {
        var name = "acme"
        var version: String { "1.0.0" }
        var summary: String { "linked" }
        var layer = "acme"

        func register(into registrar: inout Registrar) { registrar.add(Alias(name: layer, summary: "an alias", expansion: ["bare"])) }
    }

    @Test func `the first in the order of the search wins`() async throws {
        let folder = try PluginFolder()
        for name in ["one", "two"] { _ = try folder.folder(name) }
        let first = try await folder.compile(PluginCode(version: "1.0.0"), to: "one/libacme.so")
        try await folder.compile(PluginCode(version: "2.0.0"), to: "two/libacme.so")
        let search = PluginSearch(folders: ["\(folder.path)/one", "\(folder.path)/two"])
        let reports = PluginLoader(search: search, environment: HostEnvironment([:])).list(beside: Registry()).reports
        #expect(reports.map(\.state) == [.unchecked, .shadowed(by: "acme (\(first))")])
        let reversed = PluginLoader(search: PluginSearch(folders: search.folders.reversed()), environment: HostEnvironment([:]))
        #expect(reversed.list(beside: Registry()).reports.map(\.version) == ["2.0.0", "1.0.0"])
        #expect(reversed.list(beside: Registry()).reports.map(\.state.word) == ["unchecked", "shadowed"])
    }

    @Test func `a linked plugin wins over a file, by its name or by that of a layer`() async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode(name: "acme"))
        var registry = Registry()
        try registry.register(Linked())
        #expect(bench.list(beside: registry).first?.state == .shadowed(by: "acme (built in)"))
        var other = Registry()
        try other.register(Linked(name: "other"))
        #expect(bench.list(beside: other).first?.state == .shadowed(by: "other (built in), which has 'acme'"))
    }

    @Test func `what cannot be used shadows nothing`() async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode(version: "1.0.0"), to: "liba.so")
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: "\(bench.folder.path)/liba.so")
        try await bench.folder.compile(PluginCode(version: "2.0.0"), to: "libb.so")
        #expect(bench.list().map(\.state.word) == ["refused", "unchecked"])
    }

    @Test func `plugins of another major version are refused with both, a newer minor one is not`() async throws {
        let bench = try Bench()
        try await bench.folder.compile(PluginCode(name: "a", interface: "1.7"))
        try await bench.folder.compile(PluginCode(name: "b", interface: "2.0"))
        let reports = bench.list()
        #expect(reports.map(\.state.word) == ["unchecked", "refused"])
        #expect(reports[1].state.reason?.contains("2.0") == true && reports[1].state.reason?.contains("1.0") == true)
    }
}
