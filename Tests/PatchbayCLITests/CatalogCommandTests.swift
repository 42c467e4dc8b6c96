import Foundation
import Testing

@Suite("list, inspect, explain and help", .enabled(if: Program.path != nil, "the program patchbay is not built"))
struct CatalogCommandTests {
    @Test("list names every kind, and tells what is off")
    func list() throws {
        let result = try Program.run(["list"])
        #expect(result.status == 0)
        for word in ["codecs", "json", "framings", "length", "authenticators", "hmac", "transports", "tcp", "aliases", "python"] {
            #expect(result.output.contains(word))
        }
        let exec = try #require(result.output.split(separator: "\n").first { $0.hasPrefix("  exec ") })
        #expect(exec.contains("  off  "))
    }

    @Test("list gives JSON of one kind")
    func listAsJSON() throws {
        let result = try Program.run(["list", "--kind", "transport", "--json"])
        let entries = try #require(try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: String]])
        #expect(Set(entries.map { $0["kind"] }) == ["transport"])
        #expect(entries.contains { $0["name"] == "tcp" && $0["state"] == "ready" && $0["source"] == "built in" })
    }

    @Test("inspect gives options with type, range and default", arguments: ["tcp", "connection", "python", "pickle"])
    func inspect(name: String) throws {
        let words = [
            "tcp": ["integer 1…65535", "4096", "tcp://[::1]:7000"], "connection": ["duration 1ms…8760h | none", "10s"],
            "python": ["stands for pickle+python-frames+python-hmac+bare", "key-file"], "pickle": ["integer 2…5", "refuse | inert"],
        ]
        let result = try Program.run(["inspect", name])
        #expect(result.status == 0)
        for word in words[name] ?? [] { #expect(result.output.contains(word)) }
        let json = try Program.run(["inspect", name, "--json"])
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(json.output.utf8)) }
    }

    @Test("a mistyped name gets the nearest one")
    func nearest() throws {
        let layer = try Program.run(["inspect", "tpc"])
        #expect(layer.status == 64 && layer.errors.contains("Did you mean 'tcp'?"))
        let command = try Program.run(["lst"])
        #expect(command.status == 64 && command.errors.contains("Did you mean 'list'?"))
    }

    @Test("explain says why each layer is there, and hides the key")
    func explain() throws {
        let key = "a-key-of-more-than-16-bytes"
        let result = try Program.run(["explain", "json+hmac+tcp://:\(key)@host:7000?cost=4"])
        #expect(result.status == 0)
        for word in ["json", "written", "length", "default", "key = ***", "cost 4"] { #expect(result.output.contains(word)) }
        let json = try Program.run(["explain", "json+hmac+tcp://:\(key)@host:7000", "--json"])
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(json.output.utf8)) }
        for text in [result.output, result.errors, json.output, json.errors] { #expect(!text.contains(key)) }
    }

    @Test("explain resolves for a listener where asked")
    func explainListening() throws {
        #expect(try Program.run(["explain", "tcp://"]).status == 78)
        let result = try Program.run(["explain", "tcp://", "--listen"])
        #expect(result.status == 0 && result.output.contains("127.0.0.1:0"))
    }

    @Test("an error in a URL is marked at its column, without the secret")
    func caret() throws {
        let result = try Program.run(["explain", "tcp://:hush@h:1?tiemout=4s"])
        #expect(result.status == 78)
        let lines = result.errors.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let line = try #require(lines.firstIndex { $0.contains("tcp://:***@h:1?tiemout=4s") })
        let caret = try #require(lines[line + 1].firstIndex(of: "^"))
        let column = lines[line + 1].distance(from: lines[line + 1].startIndex, to: caret)
        #expect(lines[line].dropFirst(column).hasPrefix("tiemout"))
        #expect(!result.errors.contains("hush"))
    }

    @Test("exec is refused without the flag, which the error names")
    func exec() throws {
        let refused = try Program.run(["explain", "exec:///bin/cat"])
        #expect(refused.status == 78 && refused.errors.contains("--allow-exec"))
        #expect(try Program.run(["explain", "exec:///bin/cat", "--allow-exec"]).status == 0)
    }

    @Test("docs/cli.md holds the exit codes of --help")
    func exitCodes() throws {
        let help = try Program.run(["--help"])
        let page = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../../docs/cli.md")
        let text = try String(contentsOf: page.standardizedFileURL, encoding: .utf8)
        let codes = help.output.split(separator: "\n").filter { $0.hasPrefix("  ") && $0.drop { $0 == " " }.first?.isNumber == true }
        #expect(codes.count >= 10)
        for line in codes {
            let parts = line.drop { $0 == " " }.split(separator: " ", maxSplits: 1)
            #expect(text.contains("| \(parts[0]) | \(parts[1].drop { $0 == " " }) |"))
        }
    }

    @Test("every command's help has examples", arguments: ["list", "inspect", "explain", "listen", "connect", "lock", "key"])
    func examples(command: String) throws {
        let help = try Program.run([command, "--help"])
        #expect(help.status == 0 && help.output.contains("EXAMPLES:") && help.output.contains("patchbay \(command)"))
    }

    @Test("output that is no terminal has no colours")
    func colours() throws {
        #expect(!(try Program.run(["list"]).output.contains("\u{1B}")))
        #expect(!(try Program.run(["explain", "jsn+tcp://h:1"]).errors.contains("\u{1B}")))
    }
}
