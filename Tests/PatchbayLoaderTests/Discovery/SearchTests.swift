import Foundation
import PatchbayLoader
import PluginTestSupport
import Testing

@Suite(.enabled(if: Compiler.path != nil, "no C compiler"))
struct SearchTests {
    private let system = ["/usr/local/lib/patchbay/plugins", "/usr/lib/patchbay/plugins"]

    @Test func `the variable comes first, then the user's folder, then the system's`() {
        let environment = HostEnvironment(["PATCHBAY_PLUGIN_PATH": "/a::/b", "XDG_DATA_HOME": "/data", "HOME": "/home/u"])
        #expect(PluginSearch.standard(environment).folders == ["/a", "/b", "/data/patchbay/plugins"] + system)
        // The XDG Base Directory Specification: relative paths are invalid and ignored.
        let relative = HostEnvironment(["XDG_DATA_HOME": "data", "HOME": "/home/u"])
        #expect(PluginSearch.standard(relative).folders == ["/home/u/.local/share/patchbay/plugins"] + system)
    }

    @Test func `the environment counts for nothing where it was written by somebody with fewer rights`() {
        let environment = HostEnvironment(["PATCHBAY_PLUGIN_PATH": "/a", "XDG_DATA_HOME": "/data", "HOME": "/home/u"], isIgnored: true)
        let folders = PluginSearch.standard(environment).folders
        #expect(!folders.contains("/a") && !folders.contains { $0.hasPrefix("/data") || $0.hasPrefix("/home/u/") })
        #expect(folders.suffix(2) == system[...])
    }

    @Test func `a folder gives its plugin files by name, each once`() async throws {
        let folder = try PluginFolder()
        try await folder.compile(PluginCode(name: "b"))
        try await folder.compile(PluginCode(name: "a"), to: "liba.so.1")
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/liba.so", withDestinationPath: "liba.so.1")
        try FileManager.default.createSymbolicLink(atPath: "\(folder.path)/liba2.so", withDestinationPath: "liba.so.1")
        for name in ["notes.txt", ".hidden.so", "libold.so.bak"] { try Data().write(to: URL(fileURLWithPath: "\(folder.path)/\(name)")) }
        let scan = PluginScan(PluginSearch(folders: [folder.path, folder.path + "/"]), environment: HostEnvironment([:]))
        #expect(scan.plugins.map(\.name) == ["a", "b"])
        #expect(scan.plugins.allSatisfy { $0.refusal == nil })
    }

    @Test func `folders that are not there, relative, or open to others are told apart`() async throws {
        let folder = try PluginFolder()
        let open = try folder.folder("open", mode: 0o777)
        try await folder.compile(PluginCode(), to: "open/libacme.so")
        let search = PluginSearch(folders: ["\(folder.path)/none", "plugins", ".", open])
        let scan = PluginScan(search, environment: HostEnvironment([:]))
        #expect(scan.folders.map { $0.distrust?.kind } == [.missing, .relative, .relative, .openToOthers])
        #expect(scan.plugins.isEmpty)
    }

    @Test func `a library that is nowhere is named`() async throws {
        let folder = try PluginFolder()
        let library = "\(folder.path)/dependency.so"
        let source = "\(folder.path)/d.c"
        try "int dependency(void) { return 1; }".write(toFile: source, atomically: false, encoding: .utf8)
        try await Compiler.run(["-shared", "-fPIC", "-Wl,-soname,libpatchbay-nowhere.so.7", "-o", library, source])
        let search = PluginSearch(files: [try await folder.compile(PluginCode(), ["-Wl,--no-as-needed", library])])
        let missing = try #require(PluginScan(search, environment: HostEnvironment([:])).plugins.first)
        #expect(missing.missingLibraries == ["libpatchbay-nowhere.so.7"])
        #expect(missing.refusal?.contains("it needs libpatchbay-nowhere.so.7") == true)

        // Where the loader would find it: LD_LIBRARY_PATH, or $ORIGIN.
        let libraries = try folder.folder("libraries")
        try FileManager.default.copyItem(atPath: library, toPath: "\(libraries)/libpatchbay-nowhere.so.7")
        let byVariable = PluginScan(search, environment: HostEnvironment(["LD_LIBRARY_PATH": libraries])).plugins.first
        #expect(byVariable?.refusal == nil)
        let origin = try await folder.compile(PluginCode(), ["-Wl,--no-as-needed", library, "-Wl,-rpath,$ORIGIN/libraries"])
        let byOrigin = PluginScan(PluginSearch(files: [origin]), environment: HostEnvironment([:])).plugins.first
        #expect(byOrigin?.refusal == nil && byOrigin?.steps.contains { $0.outcome == .warning } == false)
    }

    @Test(
        arguments: [
            (["-Wl,-rpath,/usr/lib/patchbay-none"], false, "other machines may lack"),
            (["-Wl,-rpath,lib"], true, "the working directory"), (["-Wl,-rpath,/usr/lib:"], true, "the working directory"),
            (["-Wl,--disable-new-dtags,-rpath,."], true, "the working directory"), (["-Wl,--auxiliary,libother.so"], true, "libother.so"),
            (["-Wl,--audit,libspy.so"], true, "libspy.so"), (["-Wl,-rpath,$ORIGIN"], false, nil), ([], false, nil),
        ] as [([String], Bool, String?)]
    )
    func `what a plugin has the loader search is held against who could put something there`(
        flags: [String],
        isRefused: Bool,
        words: String?
    ) async throws {
        let folder = try PluginFolder()
        let search = PluginSearch(files: [try await folder.compile(PluginCode(), flags)])
        let plugin = try #require(PluginScan(search, environment: HostEnvironment([:])).plugins.first)
        #expect((plugin.refusal != nil) == isRefused, "\(plugin.refusal ?? "")")
        let steps = plugin.steps.filter { $0.outcome == .failed || $0.outcome == .warning }
        #expect(steps.isEmpty == (words == nil))
        if let words { #expect(steps.contains { $0.detail.contains(words) }) }
    }

    @Test func `a search folder that others can write, or could make, is refused`() async throws {
        let folder = try PluginFolder()
        let open = try folder.folder("open", mode: 0o777)
        for target in [open, "\(open)/not-yet"] {
            let search = PluginSearch(files: [try await folder.compile(PluginCode(), ["-Wl,-rpath,\(target)"])])
            let plugin = try #require(PluginScan(search, environment: HostEnvironment([:])).plugins.first)
            #expect(plugin.refusal?.contains("where others could put a library") == true, "\(plugin.refusal ?? "")")
        }
    }

    @Test func `the loader's cache has the names of ldconfig`() async throws {
        try #require(Tool.exists("/usr/sbin/ldconfig"))
        let lines = try await Tool.run("/usr/sbin/ldconfig", ["-p"]).output.split(separator: "\n").dropFirst()
        #if arch(x86_64)
            let mark = "x86-64"
        #else
            let mark = "AArch64"
        #endif
        let names = lines.filter { $0.contains(mark) }.compactMap { $0.split(whereSeparator: \.isWhitespace).first.map(String.init) }
        #expect(names.count > 5 && LoaderCache().names == Set(names))
    }

    @Test func `a damaged cache is no trap`() async throws {
        let valid = Array(try Data(contentsOf: URL(fileURLWithPath: "/etc/ld.so.cache")).prefix(4096))
        for index in valid.indices.prefix(200) {
            for value: UInt8 in [0, 0x7F, 0xFF] {
                var bytes = valid
                bytes[index] = value
                _ = LoaderCache(bytes)
            }
        }
        for count in [0, 1, 19, 20, 47, 48, 49, 100] { _ = LoaderCache(Array(valid.prefix(count))) }
    }
}
