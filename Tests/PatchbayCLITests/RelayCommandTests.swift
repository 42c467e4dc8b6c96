import Foundation
import Testing

@Suite("relay", .enabled(if: Program.path != nil, "the program patchbay is not built"), .timeLimit(.minutes(1)))
struct RelayCommandTests {
    private static let key = "0123456789abcdef0123456789abcdef"

    /// A relay that serves.
    private func relay(_ arguments: [String] = []) throws -> (program: Program.Running, url: String) {
        let program = try Program.Running(["relay", "tcp://127.0.0.1"] + arguments)
        // What it printed before it said that.
        let said = program.errorLine(with: "the relay serves")
        try #require(!said.isEmpty)
        return (program, try program.output().trimmingCharacters(in: .newlines))
    }

    private func peer(_ url: String, _ name: String, _ options: String = "") -> String {
        "json+noise+\(url)/\(name)?noise.key=\(Self.key)" + (options.isEmpty ? "" : "&\(options)")
    }

    private func file(_ text: String, mode: Int = 0o600) throws -> String {
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("patchbay-access-\(UUID().uuidString)").path
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        return path
    }

    @Test("three processes: a listener and a client converse through a relay, which then ends in order")
    func conversation() throws {
        let (relay, url) = try relay()
        #expect(url.hasPrefix("relay://127.0.0.1:") && !url.contains("\n"))
        let listener = try Program.Running(["listen", peer(url, "worker"), "--echo", "--once"])
        #expect(!listener.listeningURL().isEmpty)
        let result = try Program.run(["connect", peer(url, "worker"), "--send", "{\"text\":\"hello\"}", "--receive", "1"])
        #expect(result.status == 0 && result.output == "{\"text\":\"hello\"}\n" && result.errors.isEmpty)
        #expect(try listener.wait().status == 0)
        relay.signal(SIGTERM)
        let ended = try relay.wait()
        #expect(ended.status == 0 && ended.errors.contains("draining: no calls are open") && ended.errors.contains("the relay has ended"))
        #expect(!ended.errors.contains(Self.key) && !ended.errors.contains("\u{1B}"))
    }

    @Test("the first signal waits for the open call, the second cuts it")
    func secondSignal() throws {
        let (relay, url) = try relay(["--status", "127.0.0.1:0"])
        let page = try #require(URL(string: String(relay.errorLine(with: "its state is at ").trimmingPrefix("its state is at "))))
        let listener = try Program.Running(["listen", peer(url, "worker"), "--echo"])
        #expect(!listener.listeningURL().isEmpty)
        let client = try Program.Running(["connect", peer(url, "worker")])
        // Open once the listener took it, which the relay's own page tells.
        let end = Date(timeIntervalSinceNow: 30)
        var state = ""
        while !state.contains("\"open\":1"), Date() < end {
            state = try Program.run([
                "connect", "none+bare+tcp://127.0.0.1:\(page.port ?? 0)", "--send", "GET /status.json HTTP/1.0\r\n\r\n",
            ]).output
        }
        #expect(state.contains("\"open\":1"))
        relay.signal(SIGTERM)
        #expect(relay.errorLine(with: "a second signal").contains("draining: 1 call is open; a second signal cuts it"))
        relay.signal(SIGTERM)
        #expect(try relay.wait().status == 143)
        // Both end at once where they had not, so that nothing is awaited without an end.
        for program in [client, listener] {
            program.signal(SIGTERM)
            _ = try program.wait()
        }
    }

    @Test("--json says where it is as an object")
    func json() throws {
        let (relay, line) = try relay(["--json"])
        let object = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
        let target = try #require(object["url"] as? String)
        #expect(object["status"] is NSNull && (object["realm"] as? String).map { target.hasSuffix($0) } == true)
        relay.signal(SIGTERM)
        #expect(try relay.wait().status == 0)
    }

    @Test("SIGHUP reads the access file again; one that is wrong is told with its line, and the old one stays in force")
    func reload() throws {
        let line = try Program.run(["key", "--access", "ops"]).output
        let key = try #require(line.split(separator: " ").last).trimmingCharacters(in: .newlines)
        #expect(line == "ops listen,dial * \(key)\n")
        let access = try file("# who may\n" + line)
        defer { try? FileManager.default.removeItem(atPath: access) }
        let (relay, url) = try relay(["--access", access])
        let options = "access-id=ops&access-key=\(key)"
        let listener = try Program.Running(["listen", peer(url, "worker", options)])
        #expect(!listener.listeningURL().isEmpty)
        try Data("ops listen,dial *\n".utf8).write(to: URL(fileURLWithPath: access))
        relay.signal(SIGHUP)
        #expect(relay.errorLine(with: "stays as it was").contains("line 1 of the access file has 3 fields"))
        let refused = try Program.run(["connect", peer(url, "worker"), "--send", "1"])
        #expect(refused.errors.contains("asks for an access key"))
        try Data("guest dial * \(key)\n".utf8).write(to: URL(fileURLWithPath: access))
        relay.signal(SIGHUP)
        #expect(relay.errorLine(with: "was read again").contains("registrations-ended=1"))
        #expect(listener.errorLine(with: "any more").contains("may not listen under this name any more"))
        listener.signal(SIGTERM)
        _ = try listener.wait()
        relay.signal(SIGTERM)
        #expect(try relay.wait().status == 0)
    }

    @Test("what cannot be served is said before anything is")
    func failures() throws {
        let open = try file("ops dial * \(Self.key)\n", mode: 0o604)
        let wrong = try file("ops dial * \(Self.key)\nops dial * \(Self.key)\n")
        defer { for path in [open, wrong] { try? FileManager.default.removeItem(atPath: path) } }
        func run(_ arguments: [String]) throws -> Program.Result { try Program.run(["relay"] + arguments) }
        #expect(try run(["tcp://127.0.0.1", "--access", open]).errors.contains("open to everyone; chmod o-rw it"))
        let second = try run(["tcp://127.0.0.1", "--access", wrong])
        #expect(
            second.status == 64 && second.errors.contains("line 2 of the access file names a key a second time")
                && !second.errors.contains(Self.key)
        )
        #expect(try run(["tcp://0.0.0.0:0"]).errors.contains("--open"))
        #expect(try run(["json+tcp://127.0.0.1", "--status", "0.0.0.0:0"]).errors.contains("--status-anywhere"))
        #expect(try run(["hmac+tcp://:\(Self.key)@127.0.0.1"]).errors.contains("a transport alone"))
        #expect(try run(["tcp://127.0.0.1", "--limit", "cals=1"]).errors.contains("did you mean 'calls'?"))
        for realm in ["", "a\u{1B}b", String(repeating: "a", count: 256)] {
            let refused = try run(["tcp://127.0.0.1", "--realm", realm])
            #expect(refused.status == 64 && refused.errors.contains("--realm takes 1 to 255 bytes"))
        }
        #expect(try run([]).status == 64)
        let (relay, url) = try relay()
        let taken = try run(["tcp://" + url.trimmingPrefix("relay://")])
        #expect(taken.status == 69 && taken.errors.contains("in use"))
        relay.signal(SIGINT)
        #expect(try relay.wait().status == 0)
    }

    @Test("its state is shown over HTTP, to this machine")
    func status() throws {
        let (relay, url) = try relay(["--status", "127.0.0.1:0", "--limit", "calls=7"])
        let line = relay.errorLine(with: "its state is at ")
        let page = try #require(URL(string: String(line.trimmingPrefix("its state is at "))))
        let result = try Program.run([
            "connect", "none+bare+tcp://127.0.0.1:\(page.port ?? 0)", "--send", "GET /status.json HTTP/1.0\r\n\r\n",
        ])
        #expect(result.output.contains("\"name\":\"calls\",\"used\":0,\"limit\":7") && result.output.contains(String(url.dropFirst(8))))
        relay.signal(SIGTERM)
        #expect(try relay.wait().status == 0)
    }
}
