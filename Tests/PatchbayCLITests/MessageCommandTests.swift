import Foundation
import Testing

@Suite("listen, connect and key", .enabled(if: Program.path != nil, "the program patchbay is not built"), .timeLimit(.minutes(1)))
struct MessageCommandTests {
    private func socket() -> String { "/tmp/patchbay-\(UUID().uuidString.prefix(13)).sock" }

    @Test("JSON values come back from an echo as they went", arguments: ["json", "msgpack", "cbor", "pickle"])
    func echo(codec: String) throws {
        let listener = try Program.Running(["listen", "\(codec)+tcp://127.0.0.1", "--echo", "--once"])
        let url = listener.listeningURL()
        #expect(url.hasPrefix("\(codec)+tcp://127.0.0.1:") && !url.hasSuffix(":0"))
        let lines = "{\"b\":1,\"a\":[true,null,\"x\"]}\n9007199254740993\n"
        let result = try Program.run(["connect", url], input: lines)
        #expect(result.status == 0 && result.output == lines && result.errors.isEmpty)
        let heard = try listener.wait()
        #expect(heard.status == 0 && heard.output == lines)
    }

    @Test("what JSON cannot say goes through in its notation")
    func notation() throws {
        let listener = try Program.Running(["listen", "pickle+tcp://127.0.0.1", "--once"])
        let lines = "{\"$bytes\":\"AAE=\"}\n{\"$tuple\":[1,2]}\n{\"$map\":[[1,\"one\"]]}\n"
        #expect(try Program.run(["connect", listener.listeningURL()], input: lines).status == 0)
        #expect(try listener.wait().output == lines)
    }

    @Test("messages of the command line go in order, and --receive ends it")
    func sendAndReceive() throws {
        let listener = try Program.Running(["listen", "tcp://127.0.0.1", "--echo"])
        let result = try Program.run(
            ["connect", listener.listeningURL(), "--send", "one", "--send", "two", "--receive", "2", "--output", "hex"],
            input: nil
        )
        #expect(result.status == 0 && result.output == "6f6e65\n74776f\n")
    }

    @Test("--count ends the listener after that many messages")
    func count() throws {
        let listener = try Program.Running(["listen", "lines+bare+tcp://127.0.0.1", "--count", "3"])
        _ = try Program.run(["connect", listener.listeningURL()], input: "1\n2\n3\n4\n5\n")
        let heard = try listener.wait()
        #expect(heard.status == 0 && heard.output == "1\n2\n3\n")
    }

    @Test("a message that does not decode is told with its number, and the others go on")
    func undecodable() throws {
        let listener = try Program.Running(["listen", "json+lines+bare+tcp://127.0.0.1", "--once"])
        let url = listener.listeningURL()
        let plain = String(url.dropFirst("json+".count))
        #expect(try Program.run(["connect", plain], input: "1\n{oops\n3\n").status == 0)
        let heard = try listener.wait()
        #expect(heard.status == 65 && heard.output == "1\n3\n" && heard.errors.contains("message 2 from 127.0.0.1"))
    }

    @Test("a line that is no JSON is told with its number, and the others are sent")
    func unreadable() throws {
        let listener = try Program.Running(["listen", "msgpack+tcp://127.0.0.1", "--once"])
        let result = try Program.run(["connect", listener.listeningURL()], input: "1\nnope\n3")
        #expect(result.status == 65 && result.errors.contains("input line 2"))
        #expect(try listener.wait().output == "1\n3\n")
    }

    @Test("the peer's end ends connect while its input is still open")
    func peerEnds() throws {
        let url = "lines+bare+exec:///bin/echo?arg=hello"
        let result = try Program.run(["connect", "--allow-exec", url], input: nil)
        #expect(result.status == 0 && result.output == "hello\n")
        let tooFew = try Program.run(["connect", "--allow-exec", url, "--receive", "2"], input: nil)
        #expect(tooFew.status == 76 && tooFew.errors.contains("after 1 of 2 messages"))
    }

    @Test("each kind of failure has its exit code")
    func failures() throws {
        #expect(try Program.run(["connect", "--timeout", "soon", "tcp://h:1"]).status == 64)
        #expect(try Program.run(["connect", "tcp://127.0.0.1:1"]).status == 69)
        #expect(try Program.run(["connect", "unix:///nowhere/a.sock"]).status == 69)
        let listener = try Program.Running(["listen", "json+hmac+tcp://:a-key-of-16-bytes-x@127.0.0.1"])
        let url = listener.listeningURL()
        #expect(!url.contains("a-key"))
        func with(_ key: String, _ layers: String) -> String {
            "\(layers)+tcp://:\(key)@" + (url.range(of: "127.0.0.1").map { String(url[$0.lowerBound...]) } ?? "")
        }
        let wrongKey = try Program.run(["connect", with("another-key-of-16-bytes", "json+hmac"), "--send", "1"])
        #expect(wrongKey.status == 77 && !wrongKey.errors.contains("another-key"))
        #expect(try Program.run(["connect", with("a-key-of-16-bytes-x", "cbor+hmac"), "--send", "1"]).status == 76)
        let silent = try Program.run(
            ["connect", with("a-key-of-16-bytes-x", "json+hmac"), "--receive", "1", "--timeout", "50ms"],
            input: nil
        )
        #expect(silent.status == 75)
        listener.signal(SIGTERM)
        let ended = try listener.wait()
        #expect(ended.status == 143 && !ended.errors.contains("a-key"))
    }

    @Test("signals end a listener, which removes its socket", arguments: [SIGINT, SIGTERM])
    func signals(number: Int32) throws {
        let path = socket()
        let listener = try Program.Running(["listen", "unix://\(path)"])
        #expect(listener.listeningURL() == "unix://\(path)")
        #expect(FileManager.default.fileExists(atPath: path))
        listener.signal(number)
        #expect(try listener.wait().status == 128 + number)
        #expect(!FileManager.default.fileExists(atPath: path))
    }

    @Test("a child process is a peer where that is allowed")
    func exec() throws {
        let result = try Program.run(
            ["connect", "--allow-exec", "json+lines+bare+exec:///bin/cat", "--send", #"{"a":1}"#])
        #expect(result.status == 0 && result.output == "{\"a\":1}\n")
    }

    @Test("a listener on standard input and output serves its parent")
    func standardIO() throws {
        let program = try #require(Program.path)
        let result = try Program.run([
            "connect", "--allow-exec", "json+exec://\(program)?arg=listen&arg=json%2Bstdio://&arg=--echo", "--send", "[1]", "--receive",
            "1",
        ])
        #expect(result.status == 0 && result.output == "[1]\n")
    }

    @Test("keys have 258 bits, and differ")
    func key() throws {
        let keys = try (0..<2).map { _ in try Program.run(["key"]).output }
        #expect(keys.allSatisfy { $0.count == 44 && $0.last == "\n" } && keys[0] != keys[1])
    }

    @Test("a password's line is one that a password file takes")
    func password() throws {
        let made = try Program.run(["key", "--password", "--user", "worker"], input: "correct horse\n")
        #expect(made.status == 0 && made.output.hasPrefix("worker:$scrypt$ln=15,r=8,p=1$") && !made.output.contains("horse"))
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("patchbay-\(UUID().uuidString).users")
        try made.output.write(to: file, atomically: false, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let path = socket()
        // Each handshake computes scrypt, which is slow without optimisation.
        let patience = "timeout=60s&handshake-timeout=60s"
        let listener = try Program.Running(["listen", "password+unix://\(path)?password.file=\(file.path)&\(patience)", "--once"])
        _ = listener.listeningURL()
        #expect(try Program.run(["connect", "password+unix://worker:wrong@\(path)?\(patience)", "--send", "x"]).status == 77)
        #expect(try Program.run(["connect", "password+unix://worker:correct%20horse@\(path)?\(patience)", "--send", "x"]).status == 0)
        #expect(try listener.wait().output == "x\n")
        #expect(try Program.run(["key", "--password", "--user", "a:b"], input: "x\n").status == 64)
        #expect(try Program.run(["key", "--password"], input: "").status == 64)
    }

    @Test("a verifier's line is one that a file of verifiers takes, and only one kind of password is made at a time")
    func scram() throws {
        let made = try Program.run(["key", "--scram", "--user", "worker"], input: "correct horse\n")
        #expect(made.status == 0 && made.output.hasPrefix("worker:SCRAM-SHA-256$600000:") && !made.output.contains("horse"))
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("patchbay-\(UUID().uuidString).verifiers")
        try made.output.write(to: file, atomically: false, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }
        let path = socket()
        // Each dialer computes PBKDF2, which is slow without optimisation.
        let patience = "timeout=60s&handshake-timeout=60s"
        let listener = try Program.Running(["listen", "scram+unix://\(path)?verifiers=\(file.path)&\(patience)", "--once"])
        _ = listener.listeningURL()
        #expect(try Program.run(["connect", "scram+unix://worker:wrong@\(path)?\(patience)", "--send", "x"]).status == 77)
        #expect(try Program.run(["connect", "scram+unix://worker:correct%20horse@\(path)?\(patience)", "--send", "x"]).status == 0)
        #expect(try listener.wait().output == "x\n")
        #expect(try Program.run(["key", "--scram", "--user", "a:b"], input: "x\n").status == 64)
        #expect(try Program.run(["key", "--scram"], input: "").status == 64)
        #expect(try Program.run(["key", "--scram", "--password"], input: "x\n").status == 64)
        #expect(try Program.run(["key", "--user", "a"], input: "x\n").status == 64)
    }
}
