internal import NIOCore
internal import Patchbay
internal import PatchbayRelay
internal import PatchbayRelayServer
internal import PythonSupport
internal import Testing

/// Our relay, and our ends through it, against a client that was written from docs/relay.md alone.
@Suite(
    "A relay, with a client in Python",
    .serialized,
    .timeLimit(.minutes(3)),
    .enabled(if: Interpreter.withNoise != nil, Interpreter.noNoise)
)
struct RelayWireTests {
    private typealias Outcome = Result<Connection, any Error>

    private static let key = "0123456789abcdef"
    private static let ops = "ops:ops-ops-ops-ops-ops"
    private static let guest = "guest:guest-guest-guest"
    private static let access = "ops listen,dial worker,nobody ops-ops-ops-ops-ops\nguest dial * guest-guest-guest\n"

    private let interpreter: Interpreter

    init() throws { interpreter = try #require(Interpreter.withNoise) }

    private func withRelay(access: String? = access, _ body: (Relay) async throws -> Void) async throws {
        let relay = try await Relay.bind("tcp://127.0.0.1:0", registry: .standard, access: access)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run() }
            try await body(relay)
            group.cancelAll()
        }
    }

    /// Starts the client; `change` is what it binds its greeting to another one of.
    private func client(
        _ role: String,
        _ relay: Relay,
        name: String = "worker",
        access: String = ops,
        change: String? = nil
    ) throws -> ChildProcess {
        let folder = PythonPair.script.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        let port = try #require(relay.boundTarget.split(separator: ":").last)
        let stack = "json+length+noise(cipher=chachapoly,pattern=nnpsk0)"
        let words = ["\(folder)/relay_peer.py", role, String(port), name, access, stack, hexadecimal(Self.key)]
        return try ChildProcess(interpreter.path, words + (change.map { [$0] } ?? []) + ["--", "user=grace", "room=blue"])
    }

    private func url(_ relay: Relay) throws -> ConnectionURL {
        let options = "access-id=ops&access-key=ops-ops-ops-ops-ops&timeout=60s&handshake-timeout=60s&data.task=resize"
        return try ConnectionURL("json+noise+relay://ada:\(Self.key)@\(relay.boundTarget)/worker?" + options)
    }

    /// A listener of ours; `body` takes what becomes of each call.
    private func withListener(_ relay: Relay, _ body: (AsyncStream<Outcome>) async throws -> Void) async throws {
        let listener = try await Listener.bind(try url(relay))
        let (outcomes, sink) = AsyncStream<Outcome>.makeStream()
        // The closure returns when the stream's reader is done with the connection.
        let (finished, finish) = AsyncStream<Void>.makeStream()
        let running = Task {
            try await listener.run(onEvent: { if case .handshakeFailed(_, let error) = $0 { sink.yield(.failure(error)) } }) { connection in
                sink.yield(.success(connection))
                for await _ in finished {}
            }
        }
        defer { running.cancel() }
        try await body(outcomes)
        finish.finish()
    }

    /// The code of a failed call by our end.
    private func dial(_ relay: Relay) async -> PatchbayError.Code? {
        do {
            try await Connection.connect(to: url(relay)).close()
            return nil
        } catch {
            return (error as? PatchbayError)?.code
        }
    }

    /// Messages of several records both ways, and an end in order.
    private func converse(_ connection: Connection, _ python: ChildProcess) async throws {
        #expect(connection.peer.user == "grace")
        #expect(connection.peer.data.pairs.map { "\($0.name)=\($0.value)" } == ["room=blue"])
        try python.start("peer.echo()")
        for size in [0, 1, 16_384, 300_000, 2 << 20] {
            let message = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) })
            try await connection.send(bytes: message)
            #expect(try await connection.receiveBytes() == message)
        }
        try await connection.finishSending()
        #expect(try await python.line() == "5")
        #expect(try await python.ask("peer.end()") == "None")
        #expect(try await connection.receiveBytes() == nil)
    }

    @Test("it dials a listener of ours by name, over noise, and both ends prove the access key to the relay")
    func dials() async throws {
        try await withRelay { relay in
            try await withListener(relay) { stream in
                var outcomes = stream.makeAsyncIterator()
                for access in [Self.ops, Self.guest] {
                    let python = try client("dial", relay, access: access)
                    #expect(try await python.line() == "connected 'ada' [('task', 'resize')]")
                    let outcome = try #require(await outcomes.next())
                    try await converse(outcome.get(), python)
                }
            }
        }
    }

    @Test("it registers a name, keeps it, takes our call, and gives the name back")
    func listens() async throws {
        try await withRelay { relay in
            let python = try client("listen", relay)
            #expect(try await python.line() == "ready 30000")
            let connection = try await Connection.connect(to: url(relay))
            #expect(try await python.line() == "called 127.0.0.1")
            #expect(try await python.line() == "connected 'ada' [('task', 'resize')]")
            try await converse(connection, python)
            await connection.close()
            #expect(try await python.ask("line.ping()") == "None")
            #expect(try await python.ask("line.withdraw()") == "True")
            // The relay forgets the name once it has seen the end of the call.
            var code = await dial(relay)
            while code == .nameAway { code = await dial(relay) }
            #expect(code == .noSuchName)
        }
    }

    @Test("a name whose listener was killed is away")
    func away() async throws {
        try await withRelay { relay in
            var python: ChildProcess? = try client("listen", relay)
            #expect(try await python?.line() == "ready 30000")
            python = nil
            #expect(await dial(relay) == .nameAway)
        }
    }

    @Test("a wrong access key, none, a right that it lacks and a name that is not there have a code each")
    func refusals() async throws {
        try await withRelay { relay in
            func refuses(_ role: String, _ access: String, as name: String = "worker", _ code: String) async throws {
                let said = try await client(role, relay, name: name, access: access).line()
                #expect(said == "refused \(code)", "\(role) \(name) with \(access)")
            }
            for role in ["dial", "listen"] {
                try await refuses(role, "ops:another-another-another", "authentication-failed")
                try await refuses(role, "nobody:ops-ops-ops-ops-ops", "authentication-failed")
                try await refuses(role, "none", "permission-denied")
                try await refuses(role, Self.ops, as: "other", "permission-denied")
            }
            try await refuses("listen", Self.guest, "permission-denied")
            try await refuses("dial", Self.ops, as: "nobody", "no-such-name")
        }
        // A relay that is open to everyone holds no key to prove.
        try await withRelay(access: nil) { relay in
            let python = try client("listen", relay)
            #expect(try await python.line() == "error authentication-failed")
        }
    }

    @Test("a dialer that was told of another relay, name or call than we were is refused", arguments: ["realm", "name", "circuit"])
    func otherBindingOfDialer(_ change: String) async throws {
        try await withRelay { relay in
            try await withListener(relay) { stream in
                var outcomes = stream.makeAsyncIterator()
                let python = try client("dial", relay, change: change)
                #expect(try await python.line() == "refused authentication-failed")
                let outcome = try #require(await outcomes.next())
                let error = #expect(throws: PatchbayError.self) { try outcome.get() }
                #expect(error?.code == .authenticationFailed)
            }
        }
    }

    @Test("a listener that was told of another relay, name or call than we were is refused", arguments: ["realm", "name", "circuit"])
    func otherBindingOfListener(_ change: String) async throws {
        try await withRelay { relay in
            let python = try client("listen", relay, change: change)
            #expect(try await python.line() == "ready 30000")
            #expect(await dial(relay) == .authenticationFailed)
            #expect(try await python.line() == "called 127.0.0.1")
            #expect(try await python.line() == "error authentication-failed")
        }
    }
}
