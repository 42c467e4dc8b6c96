import Foundation
import PatchbayLoader
import PluginTestSupport
import Testing

@Suite(.enabled(if: Compiler.path != nil, "no C compiler"))
struct TrustTests {
    /// The one plugin of a search for a file, found without a home folder.
    private func found(_ path: String) throws -> FoundPlugin {
        try #require(PluginScan(PluginSearch(files: [path]), environment: HostEnvironment([:])).plugins.first)
    }

    private func setMode(_ mode: Int, _ path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    @Test func `a file of one's own is trusted, with its owner, mode and real path`() async throws {
        let folder = try PluginFolder()
        let path = try await folder.compile(PluginCode())
        let plugin = try found(path)
        #expect(plugin.refusal == nil && plugin.path == path && plugin.file?.mode == "0644" && plugin.file?.owner == geteuid())
        #expect(plugin.metadata?.version == "1.2.3")
    }

    @Test(arguments: [0o666, 0o664, 0o646]) func `a file that others may write is refused with its mode`(mode: Int) async throws {
        let folder = try PluginFolder()
        let path = try await folder.compile(PluginCode())
        try setMode(mode, path)
        let refusal = try #require(found(path).refusal)
        #expect(
            refusal.contains("other users may write \(path)") && refusal.contains("0" + String(mode, radix: 8))
                && refusal.contains("chmod go-w")
        )
    }

    @Test(arguments: [0o777, 0o775, 0o757]) func `a folder anywhere above it that others may write is refused`(mode: Int) async throws {
        let folder = try PluginFolder()
        let open = try folder.folder("open")
        _ = try folder.folder("open/inner")
        let path = try await folder.compile(PluginCode(), to: "open/inner/libacme.so")
        #expect(try found(path).refusal == nil)
        try setMode(mode, open)
        let refusal = try #require(found(path).refusal)
        #expect(refusal.contains("other users may write the folder \(open) "), "\(refusal)")
    }

    @Test func `a sticky folder for all may lie above, and may not be the plugin's own`() async throws {
        let folder = try PluginFolder()
        let shared = try folder.folder("shared", mode: 0o1777)
        _ = try folder.folder("shared/mine")
        #expect(try await found(folder.compile(PluginCode(), to: "shared/mine/libacme.so")).refusal == nil)
        let refusal = try await #require(found(folder.compile(PluginCode(), to: "shared/libacme.so")).refusal)
        #expect(refusal.contains("all users may put files into \(shared)"), "\(refusal)")
    }

    @Test func `a link to elsewhere is refused, one beside its file is followed`() async throws {
        let folder = try PluginFolder()
        _ = try folder.folder("elsewhere")
        let target = try await folder.compile(PluginCode(), to: "elsewhere/libacme.so")
        let links = try folder.folder("links")
        try FileManager.default.createSymbolicLink(atPath: "\(links)/libacme.so", withDestinationPath: target)
        let refusal = try #require(found("\(links)/libacme.so").refusal)
        #expect(refusal.contains("is a link to elsewhere, \(target)"), "\(refusal)")

        let beside = try await folder.compile(PluginCode(name: "beside"), to: "libbeside.so.1")
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/libbeside.so", withDestinationPath: "libbeside.so.1")
        #expect(try found("\(folder.path)/libbeside.so").path == beside)
    }

    @Test func `a link on the way is followed, and its target's folders are checked`() async throws {
        let folder = try PluginFolder()
        let real = try folder.folder("real")
        let path = try await folder.compile(PluginCode(), to: "real/libacme.so")
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/way", withDestinationPath: "./x/../real")
        _ = try folder.folder("x")
        #expect(try found("\(folder.path)/way/libacme.so").path == path)
        try setMode(0o777, real)
        #expect(try found("\(folder.path)/way/libacme.so").refusal?.contains("other users may write the folder \(real)") == true)
    }

    @Test func `links in a circle end`() async throws {
        let folder = try PluginFolder()
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/a", withDestinationPath: "b")
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/b", withDestinationPath: "a")
        #expect(try found("\(folder.path)/a/x.so").refusal?.contains("too many links") == true)
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/c.so", withDestinationPath: "c.so")
        #expect(try found("\(folder.path)/c.so").refusal != nil)
    }

    @Test func `a pipe or a folder of that name is no plugin, and nobody waits for it`() async throws {
        let folder = try PluginFolder()
        #expect(mkfifo("\(folder.path)/pipe.so", 0o600) == 0)
        _ = try folder.folder("folder.so")
        for name in ["pipe.so", "folder.so"] { #expect(try found("\(folder.path)/\(name)").refusal?.contains("no regular file") == true) }
    }

    @Test(.enabled(if: geteuid() == 0, "only root gives files away")) func `another user's file or folder is refused`() async throws {
        let folder = try PluginFolder()
        let path = try await folder.compile(PluginCode())
        #expect(chown(path, 12345, 0) == 0)
        #expect(try found(path).refusal?.contains("belongs to user 12345") == true)
        let other = try folder.folder("other")
        let inner = try await folder.compile(PluginCode(), to: "other/libacme.so")
        #expect(chown(other, 12345, 0) == 0)
        #expect(try found(inner).refusal?.contains("\(other) belongs to user 12345") == true)
    }

    @Test(arguments: ["libacme.so", "./libacme.so", "../x/libacme.so", ""]) func `a relative path is refused`(path: String) async throws {
        #expect(try found(path).refusal != nil)
    }
}
