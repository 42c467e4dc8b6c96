import Foundation
import PatchbayCore
import PatchbayLoader
import PluginTestSupport
import Testing

/// The repository's own manifest of Snappy, with another library where a test says so.
@Suite(
    .enabled(if: Compiler.path != nil, "no C compiler"),
    .enabled(if: Helper.path != nil, "the program patchbay is not built"),
    .timeLimit(.minutes(2))
)
struct ManifestDiscoveryTests {
    private static let library = "libsnappy.so.1"
    private static let hasLibrary = LoaderCache().names.contains(library)

    private func write(to bench: Bench, library: String = Self.library) throws -> String {
        let repository = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../..").standardizedFileURL
        let manifest = repository.appendingPathComponent("Plugins/Bindings/snappy.patchbay.json")
        let text = try String(contentsOf: manifest, encoding: .utf8).replacing(Self.library, with: library)
        let path = "\(bench.folder.path)/snappy.patchbay.json"
        try text.write(toFile: path, atomically: false, encoding: .utf8)
        return path
    }

    @Test(.enabled(if: hasLibrary, "libsnappy is not installed")) func `a manifest is found, tried in a child, and loaded`() async throws {
        let bench = try Bench()
        let path = try write(to: bench)
        #expect(bench.list().map(\.state) == [.unchecked])
        var registry = Registry()
        let reports = try await bench.load(into: &registry)
        #expect(reports.map(\.state) == [.ready], "\(reports.first?.steps ?? [])")
        #expect(registry.plugin(named: "snappy")?.source == .manifest(path))
        #expect(bench.list().map(\.state) == [.ready])
    }

    @Test func `a library that is nowhere is named`() async throws {
        let bench = try Bench()
        _ = try write(to: bench, library: "libpatchbay-nowhere.so.7")
        #expect(bench.list().first?.state.reason?.contains("it binds libpatchbay-nowhere.so.7") == true)
    }

    @Test func `a library by its path must be as safe as a plugin`() async throws {
        let bench = try Bench()
        let library = "\(try bench.folder.folder("libraries"))/libother.so"
        try await FileManager.default.copyItem(atPath: bench.folder.compile(PluginCode(), to: "a-library"), toPath: library)
        _ = try write(to: bench, library: library)
        #expect(bench.list().first { $0.name == "snappy" }?.state == .unchecked)
        try FileManager.default.setAttributes([.posixPermissions: 0o666], ofItemAtPath: library)
        #expect(bench.list().first { $0.name == "snappy" }?.state.reason?.contains("other users may write \(library)") == true)
    }

    @Test func `a manifest that cannot be read says where`() async throws {
        let bench = try Bench()
        try "{\n \"patchbay\": \"1.0\",\n nonsense".write(
            toFile: "\(bench.folder.path)/bad.patchbay.json",
            atomically: false,
            encoding: .utf8
        )
        let report = try #require(bench.list().first)
        #expect(
            report.name == "bad" && report.state.reason?.contains("line 3") == true || report.state.reason?.contains(":3") == true,
            "\(report.state)"
        )
    }
}
