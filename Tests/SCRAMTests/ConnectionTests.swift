internal import NIOCore
internal import Patchbay
internal import PythonSupport
internal import Testing

@testable internal import PatchbaySCRAM

@Suite("scram over a socket", .timeLimit(.minutes(2)))
struct ConnectionTests {
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

    private static let patience = "timeout=60s&handshake-timeout=60s"

    /// Listens and echoes, while `body` dials; gives who came.
    private func identities(_ url: String, _ body: () async throws -> Void) async throws -> [String?] {
        let listener = try await Listener.bind(ConnectionURL(url))
        let (seen, coming) = AsyncStream.makeStream(of: String?.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.run { connection in
                    coming.yield(connection.peer.identity)
                    while let message = try await connection.receiveBytes() { try await connection.send(bytes: message) }
                }
            }
            do {
                try await body()
            } catch {
                listener.close()
                throw error
            }
            listener.stop(drain: .seconds(20))
            try await group.waitForAll()
        }
        coming.finish()
        return await seen.reduce(into: []) { $0.append($1) }
    }

    private func echo(over url: String) async throws {
        try await withConnection(to: ConnectionURL(url)) { connection in
            try await connection.send(bytes: ByteBuffer(string: "hello"))
            #expect(try await connection.receiveBytes() == ByteBuffer(string: "hello"))
        }
    }

    private func refusal(over url: String) async -> PatchbayError.Code? {
        await #expect(throws: PatchbayError.self) { try await echo(over: url) }?.code
    }

    @Test("a user of a file that Python made is let in, and known by name", .enabled(if: !Interpreter.all.isEmpty, Interpreter.absence))
    func file() async throws {
        let interpreter = try #require(Interpreter.all.last)
        let line = try Script(path: interpreter.path, Self.maker, arguments: ["alice", "wonderland"]).run("")
        try await withFile(line) { path in
            let socket = "\(path).sock"
            func dialing(_ user: String) -> String { "scram+unix://\(user)@\(socket)?\(Self.patience)" }
            let seen = try await identities("scram+unix://\(socket)?verifiers=\(path)&\(Self.patience)") {
                try await echo(over: dialing("alice:wonderland"))
                #expect(await refusal(over: dialing("alice:looking-glass")) == .authenticationFailed)
                #expect(await refusal(over: dialing("bob:wonderland")) == .authenticationFailed)
                try await echo(over: dialing("alice:wonderland"))
            }
            #expect(seen == ["alice", "alice"])
        }
    }

    @Test("one password for everybody is enough, and says nothing of who came")
    func everybody() async throws {
        try await withFile("") { path in
            let socket = "\(path).sock"
            let options = "iterations=4096&\(Self.patience)"
            let seen = try await identities("scram+unix://:wonderland@\(socket)?\(options)") {
                try await echo(over: "scram+unix://anyone:wonderland@\(socket)?\(options)")
                #expect(await refusal(over: "scram+unix://anyone:wrong@\(socket)?\(options)") == .authenticationFailed)
            }
            #expect(seen == [nil])
        }
    }

    @Test("a dialer refuses a listener that asks for more than it computes, and the listener is told why")
    func ceiling() async throws {
        try await withFile("") { path in
            let socket = "\(path).sock"
            let seen = try await identities("scram+unix://:wonderland@\(socket)?iterations=5000&\(Self.patience)") {
                let url = "scram+unix://anyone:wonderland@\(socket)?max-iterations=4999&\(Self.patience)"
                #expect(await refusal(over: url) == .refused)
            }
            #expect(seen.isEmpty)
        }
    }

    @Test("over noise a user proves the password inside what it encrypts, bound to its key agreement too")
    func overNoise() async throws {
        let key = "noise.key=a-key-of-more-than-16-bytes"
        // A literal of the type itself would percent-encode the key's option.
        let network = "scram+noise+tcp://ada@10.0.0.7:7000?scram.password=x&\(key)"
        #expect(throws: Never.self) { try Registry.standard.resolve(ConnectionURL(network), for: .dialer) }
        try await withFile("ada:\(try Ends.verifier("wonderland").encoded)\n") { path in
            let socket = "\(path).sock"
            let seen = try await identities("scram+noise+unix://\(socket)?verifiers=\(path)&\(key)&\(Self.patience)") {
                try await echo(over: "scram+noise+unix://ada@\(socket)?scram.password=wonderland&\(key)&\(Self.patience)")
                let wrong = "scram+noise+unix://ada@\(socket)?scram.password=wrong&\(key)&\(Self.patience)"
                #expect(await refusal(over: wrong) == .authenticationFailed)
            }
            #expect(seen == ["ada"])
        }
    }
}
