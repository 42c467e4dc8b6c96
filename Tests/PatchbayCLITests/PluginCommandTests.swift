import Foundation
import PluginTestSupport
import Testing

/// A home with plugins in it, and the program that sees no others but those of the system.
private final class Home {
    let folder: PluginFolder
    let plugins: String

    init() throws {
        folder = try PluginFolder()
        plugins = try folder.folder("data/patchbay/plugins")
    }

    var environment: [String: String] {
        ["HOME": folder.path, "XDG_DATA_HOME": "\(folder.path)/data", "XDG_CACHE_HOME": "\(folder.path)/cache", "PATCHBAY_PLUGIN_PATH": ""]
    }

    @discardableResult
    func compile(_ plugin: PluginCode, _ flags: [String] = []) async throws -> String {
        try await folder.compile(plugin, to: "data/patchbay/plugins/lib\(plugin.name).so", flags)
    }

    func run(_ arguments: [String], _ more: [String: String] = [:]) async throws -> Program.Result {
        let environment = environment.merging(more) { $1 }
        return try await Tool.blocking { try Program.run(arguments, environment: environment) }
    }

    func json(_ arguments: [String]) async throws -> Any {
        try JSONSerialization.jsonObject(with: Data(await run(arguments + ["--json"]).output.utf8))
    }

    /// What `list` says of a layer.
    func entries(_ name: String) async throws -> [[String: String]] {
        try await (json(["list"]) as? [[String: String]] ?? []).filter { $0["name"] == name }
    }

    /// C whose constructor leaves a mark.
    var trap: String {
        "__attribute__((constructor)) static void mark(void) { close(open(\"\(folder.path)/has-run\", O_CREAT | O_WRONLY, 0600)); }"
    }

    var hasRun: Bool { FileManager.default.fileExists(atPath: "\(folder.path)/has-run") }
}

@Suite(
    .enabled(if: Program.path != nil, "the program patchbay is not built"),
    .enabled(if: Compiler.path != nil, "no C compiler"),
    .timeLimit(.minutes(2))
)
struct PluginCommandTests {
    @Test func `list shows a file's plugin and runs none of it`() async throws {
        let home = try Home()
        let path = try await home.compile(PluginCode(name: "acme", extra: home.trap))
        let entry = try await #require(home.entries("acme").first)
        #expect(entry["state"] == "unchecked" && entry["source"] == path && entry["kind"] == "processor" && entry["version"] == "1.2.3")
        for arguments in [
            ["list"], ["list", "--paths"], ["list", "--why", "acme"], ["inspect", "acme"], ["inspect", path], ["inspect", path, "--json"],
        ] {
            #expect(try await home.run(arguments).status == 0)
        }
        #expect(!home.hasRun)
    }

    @Test func `lock runs what is new in a child, and then list knows how it went`() async throws {
        let home = try Home()
        let good = try await home.compile(PluginCode(name: "good", extra: home.trap))
        try await home.compile(PluginCode(name: "bad", entry: "abort();"))
        let lock = "\(home.folder.path)/plugins.lock"
        let result = try await home.run(["lock", "--write", lock])
        #expect(
            result.status == 0 && result.errors.contains("wrote 1 plugin") && result.errors.contains("libbad.so: quarantined: it aborted")
        )
        #expect(home.hasRun)
        #expect(try await home.entries("good").first?["state"] == "ready")
        let bad = try await #require(home.entries("bad").first)
        #expect(bad["state"] == "quarantined" && bad["reason"]?.contains("SIGABRT") == true)
        let check = try await Tool.run("/usr/bin/sha256sum", ["--check", "--strict", lock])
        #expect(check.status == 0 && check.output.contains(good))
    }

    @Test func `connect and explain load plugins, by the search path or by --plugin, and a lock file keeps others out`() async throws {
        let home = try Home()
        let path = try await home.compile(PluginCode(name: "acme"))
        let outside = try await home.folder.compile(PluginCode(name: "other"))
        let url = "text+acme+lines+bare+exec:///bin/cat"
        let result = try await home.run(["connect", "--allow-exec", url, "--send", "hello", "--receive", "1"])
        #expect(result.status == 0 && result.output == "hello\n", "\(result.errors)")
        let both = "text+acme+other+lines+bare+tcp://127.0.0.1:1"
        #expect(try await home.run(["explain", both]).status == 78)
        let explained = try await home.run(["explain", "--plugin", outside, both])
        #expect(explained.status == 0 && explained.output.contains("other"), "\(explained.errors)")

        let lock = "\(home.folder.path)/plugins.lock"
        #expect(try await home.run(["lock", "--write", lock]).status == 0)
        #expect(try await home.run(["explain", "--lock", lock, "acme+lines+bare+tcp://127.0.0.1:1"]).status == 0)
        let refused = try await home.run(["explain", "--lock", lock, "--plugin", outside, both])
        #expect(refused.status == 77 && refused.errors.contains("is not in the lock file"), "\(refused.errors)")
        try await home.compile(PluginCode(name: "acme", version: "6.6.6"))
        let changed = try await home.run(["explain", "--lock", lock, "--plugin", path, "acme+lines+bare+tcp://127.0.0.1:1"])
        #expect(changed.status == 77 && changed.errors.contains("is not the file that was locked"), "\(changed.errors)")
    }

    @Test func `a URL that names a plugin that cannot be used says so`() async throws {
        let home = try Home()
        try await home.compile(PluginCode(name: "acme", entry: "abort();"))
        let result = try await home.run(["explain", "acme+lines+bare+tcp://127.0.0.1:1"])
        #expect(result.status == 78 && result.errors.contains("libacme.so has it, and is quarantined: it aborted"), "\(result.errors)")
        #expect(result.errors.contains("patchbay list --why acme"))
    }

    @Test func `--why tells each step, of each plugin of that name`() async throws {
        let home = try Home()
        let path = try await home.compile(PluginCode(name: "tcp", layers: ["acme"]))
        let text = try await home.run(["list", "--why", "tcp"]).output
        for word in ["built in", path, "shadowed", "trust", "metadata", "libraries"] { #expect(text.contains(word), "\(word)") }
        let attempts = try await #require(try home.json(["list", "--why", "acme"]) as? [[String: Any]])
        let steps = try #require(attempts.first?["steps"] as? [[String: String]])
        #expect(steps.first == ["name": "trust", "outcome": "passed", "detail": "only root and this user can change \(path)"])
        let unknown = try await home.run(["list", "--why", "acmee"])
        #expect(unknown.status == 64 && unknown.errors.contains("Did you mean 'acme'?"))
    }

    @Test func `--paths tells the folders in order, and why one is not used`() async throws {
        let home = try Home()
        let open = try home.folder.folder("open", mode: 0o777)
        let variables = ["PATCHBAY_PLUGIN_PATH": "\(open):relative"]
        let result = try await home.run(["list", "--paths", "--json"], variables)
        let folders = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]])
        #expect(folders.prefix(3).map { $0["state"] as? String } == ["refused", "refused", "used"])
        #expect(folders.prefix(3).map { $0["path"] as? String } == [open, "relative", home.plugins])
        #expect(try await home.run(["list", "--paths"], variables).output.contains("other users may write the folder \(open)"))
    }

    @Test func `the working directory is never searched`() async throws {
        let home = try Home()
        try await home.folder.compile(PluginCode(name: "lurking"), to: "liblurking.so")
        let program = try #require(Program.path)
        for variable in ["", ".", ":", "plugins"] {
            let script = "cd '\(home.folder.path)' && PATCHBAY_PLUGIN_PATH='\(variable)' '\(program)' list"
            let result = try await Tool.run("/bin/sh", ["-c", script])
            #expect(result.status == 0 && !result.output.contains("lurking"))
        }
    }

    @Test func `inspect shows the file, what it needs, and what is missing`() async throws {
        let home = try Home()
        let library = "\(home.folder.path)/dependency.so"
        let source = "\(home.folder.path)/dependency.c"
        try "int dependency(void) { return 1; }".write(toFile: source, atomically: false, encoding: .utf8)
        try await Compiler.run(["-shared", "-fPIC", "-Wl,-soname,libpatchbay-nowhere.so.7", "-o", library, source])
        let path = try await home.compile(PluginCode(name: "acme"), ["-Wl,--no-as-needed", library])
        let text = try await home.run(["inspect", "acme"]).output
        let hash = try await Tool.run("/usr/bin/sha256sum", [path]).output.prefix(64)
        for word in [
            path, String(hash), "mode 0644", "libpatchbay-nowhere.so.7 (missing)", "built for 1.0", "patchbay_plugin_entry", "never",
        ] {
            #expect(text.contains(word), "\(word)")
        }
        let value = try await #require(try home.json(["inspect", path]) as? [String: Any])
        let object = try #require(value["object"] as? [String: Any])
        #expect(object["missing"] as? [String] == ["libpatchbay-nowhere.so.7"] && object["swiftRuntime"] as? String == "none")
        #expect((value["file"] as? [String: Any])?["sha256"] as? String == String(hash))
    }

    @Test func `what a file says cannot steer a terminal`() async throws {
        let home = try Home()
        let metadata =
            #"{"patchbay": "1.0", "name": "acme", "version": "1.0.0", "summary": "\u001b[2Jgone\u0007", "#
            + #""layers": [{"kind": "processor", "name": "acme", "summary": "a\u001b]0;title\u0007b", "positions": ["message"]}]}"#
        try await home.compile(PluginCode(name: "acme", metadata: metadata))
        try await home.compile(PluginCode(name: "evil\u{1B}[31mname", metadata: "{}"))
        for arguments in [
            ["list"], ["list", "--why", "acme"], ["inspect", "acme"], ["inspect", "\(home.plugins)/libevil\u{1B}[31mname.so"],
        ] {
            let result = try await home.run(arguments)
            #expect(!result.output.contains("\u{1B}") && !result.output.contains("\u{7}"))
        }
    }

    @Test func `two hundred plugins are listed with few calls, none of them run, and none read whole`() async throws {
        let home = try Home()
        let first = try await home.compile(PluginCode(name: "plugin000", extra: home.trap))
        // Large, as those with a runtime linked in are: whoever reads all of it shows.
        let bytes = try Data(contentsOf: URL(fileURLWithPath: first)) + Data(count: 1 << 20)
        try FileManager.default.removeItem(atPath: first)
        let before = try await Measured.list(home.environment)
        let count = 200
        for number in 0..<count {
            let name = String(format: "plugin%03d", number)
            var copy = bytes
            while let range = copy.range(of: Data("\"plugin000\"".utf8)), number > 0 {
                copy.replaceSubrange(range, with: Data("\"\(name)\"".utf8))
            }
            try copy.write(to: URL(fileURLWithPath: "\(home.plugins)/lib\(name).so"))
        }
        let after = try await Measured.list(home.environment)
        #expect(
            after.output.contains("plugin199")
                && after.output.split(separator: "\n").count >= before.output.split(separator: "\n").count + count
        )
        #expect(!home.hasRun)
        #expect((after.readCalls - before.readCalls) / count <= 12)
        #expect((after.bytesRead - before.bytesRead) / count <= 32 << 10)
        print("list over \(count) plugins: \(after.milliseconds) ms, over none: \(before.milliseconds) ms")
    }
}

/// One run of `list`, with what the kernel counted.
private struct Measured {
    var output: String
    var readCalls: Int
    var bytesRead: Int
    var milliseconds: Int

    struct Uncounted: Error {}

    static func list(_ environment: [String: String]) async throws -> Measured {
        guard let program = Program.path else { throw Uncounted() }
        let words = environment.map { "\($0)='\($1)'" }.joined(separator: " ")
        let started = ContinuousClock.now
        // proc(5): a process's counts include those of the children that it waited for.
        let result = try await Tool.run(
            "/bin/sh",
            ["-c", "\(words) '\(program)' list; echo; read -r x < /dev/null; while read -r l; do echo \"$l\"; done < /proc/$$/io"]
        )
        let elapsed = Int((ContinuousClock.now - started) / .milliseconds(1))
        func number(_ name: String) throws -> Int {
            guard let line = result.output.split(separator: "\n").last(where: { $0.hasPrefix("\(name): ") }),
                let number = Int(line.dropFirst(name.count + 2))
            else { throw Uncounted() }
            return number
        }
        return try Measured(output: result.output, readCalls: number("syscr"), bytesRead: number("rchar"), milliseconds: elapsed)
    }
}
