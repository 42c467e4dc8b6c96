import NIOCore
import Patchbay
import PatchbayCore
import PluginTestSupport
import PythonSupport
import Synchronization
import Testing

@Suite("The authenticator scram", .timeLimit(.minutes(2)))
struct SCRAMTests {
    /// A line as PostgreSQL keeps it, made by Python's hashlib.
    private static let maker = """
        import base64, hashlib, hmac, sys
        user, password, salt = sys.argv[1], sys.argv[2].encode(), bytes(range(16))
        salted = hashlib.pbkdf2_hmac("sha256", password, salt, 4096)
        stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
        server = hmac.digest(salted, b"Server Key", "sha256")
        text = lambda data: base64.b64encode(data).decode()
        print(f"{user}:SCRAM-SHA-256$4096:{text(salt)}${text(stored)}:{text(server)}")
        """

    @Test("a user of a table is let in, and known by name", .enabled(if: !Interpreter.all.isEmpty, Interpreter.absence))
    func table() async throws {
        let interpreter = try #require(Interpreter.all.last)
        let line = try await Tool.blocking {
            try Script(path: interpreter.path, Self.maker, arguments: ["alice", "wonderland"]).run("")
        }
        let folder = try Folder()
        let users = try folder.write(line, to: "users")
        let registry = try await BuiltPlugin.registry(BuiltPlugin.scram)
        let identity = Mutex<String?>(nil)
        let url = "scram+tcp://127.0.0.1:0?verifiers-file=\(users)"
        try await withEcho(url, registry, onConnection: { connection in identity.withLock { $0 = connection.peer.identity } }) { listener in
            let port = try #require("\(listener.url)".split(separator: "?").first?.split(separator: ":").last)
            let good = "scram+tcp://alice:wonderland@127.0.0.1:\(port)"
            let echoed = try await exchange([[1, 2]], over: good, registry)
            #expect(echoed == [[1, 2]])
            #expect(identity.withLock { $0 } == "alice")
            for wrong in ["alice:looking-glass", "bob:wonderland"] {
                let error = await #expect(throws: PatchbayError.self) {
                    _ = try await exchange([[1]], over: "scram+tcp://\(wrong)@127.0.0.1:\(port)", registry)
                }
                #expect(error?.code == .authenticationFailed)
            }
        }
    }

    @Test("one password for all is enough, and a wrong one is refused at both ends")
    func password() async throws {
        let registry = try await BuiltPlugin.registry(BuiltPlugin.scram)
        try await withEcho("scram+tcp://:wonderland@127.0.0.1:0", registry) { listener in
            let port = try #require("\(listener.url)".split(separator: "?").first?.split(separator: ":").last)
            let echoed = try await exchange([[7]], over: "scram+tcp://anyone:wonderland@127.0.0.1:\(port)", registry)
            #expect(echoed == [[7]])
            let error = await #expect(throws: PatchbayError.self) {
                _ = try await exchange([[7]], over: "scram+tcp://anyone:wrong@127.0.0.1:\(port)", registry)
            }
            #expect(error?.code == .authenticationFailed)
        }
    }
}
