internal import NIOCore
internal import Patchbay
internal import PythonSupport
internal import Testing

/// Our end against a peer that was written from docs/wire.md and docs/security.md alone.
@Suite(
    "Patchbay's wire, with a peer in Python",
    .serialized,
    .timeLimit(.minutes(3)),
    .enabled(if: !Interpreter.all.isEmpty, Interpreter.absence)
)
struct WireTests {
    static let key = "0123456789abcdef"

    struct Case: Sendable, CustomTestStringConvertible {
        var transport: Meeting.Transport
        /// Ours.
        var role: Role
        /// The layer that takes the key.
        var authenticator: String?
        var interpreter: Interpreter
        /// Of noise.
        var cipher = "chachapoly"

        var keyed: Bool { authenticator != nil }
        /// As the stack's text has it.
        var suffix: String {
            switch authenticator {
            case nil: ""
            case "noise": "+noise(cipher=\(cipher),pattern=nnpsk0)"
            case let name?: "+\(name)"
            }
        }
        var testDescription: String { "\(transport), we are the \(role), \(authenticator ?? "no authenticator")" }

        static let all = Meeting.Transport.allCases.flatMap { transport in
            [Role.dialer, .listener].flatMap { role in
                [(nil, Interpreter.all.last), ("hmac", Interpreter.all.last), ("noise", Interpreter.withNoise)].compactMap { pair in
                    pair.1.map { Case(transport: transport, role: role, authenticator: pair.0, interpreter: $0) }
                }
            }
        }
    }

    /// Starts the peer, and lets both ends greet each other.
    private func meet(
        _ meeting: Case,
        codec: String = "json",
        theirs: String = "json",
        theirKey: String = key,
        words: [String] = [],
        query: String = "",
        _ body: (String, Result<Connection, any Error>, ChildProcess) async throws -> Void
    ) async throws {
        let interpreter = meeting.interpreter
        let layer = meeting.authenticator.map { "+\($0)" } ?? ""
        let folder = PythonPair.script.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        try await withFolder { sockets in
            let path = "\(sockets)/s"
            let isTCP = meeting.transport == .tcp
            let user = meeting.keyed ? "ada:\(Self.key)@" : "ada@"
            func url(_ address: String) throws -> ConnectionURL {
                let target = isTCP ? "tcp://\(user)127.0.0.1:\(address)" : "unix://\(user)\(path)"
                return try ConnectionURL(codec + layer + "+" + target + query)
            }
            func child(_ role: String, _ address: String) throws -> ChildProcess {
                let stack = theirs + "+length" + meeting.suffix
                let arguments = [role, meeting.transport.rawValue, address, stack, meeting.keyed ? hexadecimal(theirKey) : "none"]
                return try ChildProcess(interpreter.path, ["\(folder)/wire_peer.py"] + arguments + words)
            }
            let python: ChildProcess
            var ours: Result<Connection, any Error>
            if meeting.role == .dialer {
                python = try child("listen", path)
                let ready = try #require(try await python.line().split(separator: " ").last)
                do { ours = .success(try await Connection.connect(to: try url(String(ready)))) } catch { ours = .failure(error) }
            } else {
                let listener = try await Listener.bind(try url("0"))
                let (outcomes, sink) = AsyncStream<Result<Connection, any Error>>.makeStream()
                // The closure returns when the stream's reader is done with the connection.
                let (finished, finish) = AsyncStream<Void>.makeStream()
                let running = Task {
                    try await listener.run(onEvent: { if case .handshakeFailed(_, let error) = $0 { sink.yield(.failure(error)) } }) {
                        connection in
                        sink.yield(.success(connection))
                        for await _ in finished {}
                    }
                }
                defer { running.cancel() }
                python = try child("connect", isTCP ? String(listener.address?.port ?? 0) : path)
                var iterator = outcomes.makeAsyncIterator()
                ours = try #require(await iterator.next())
                try await body(try await python.line(), ours, python)
                python.endInput()
                finish.finish()
                return
            }
            try await body(try await python.line(), ours, python)
            python.endInput()
            if case .success(let connection) = ours { await connection.close() }
        }
    }

    @Test(
        "noise with the other cipher, against another implementation of it",
        .enabled(if: Interpreter.withNoise != nil, Interpreter.noNoise),
        arguments: [Role.dialer, .listener]
    )
    func otherCipher(role: Role) async throws {
        let interpreter = try #require(Interpreter.withNoise)
        let meeting = Case(transport: .tcp, role: role, authenticator: "noise", interpreter: interpreter, cipher: "aesgcm")
        try await meet(meeting, query: "?noise.cipher=aesgcm") { said, ours, python in
            #expect(said == "connected 'ada' []")
            let connection = try ours.get()
            try python.start("peer.echo()")
            for size in [0, 1, 16_384, 300_000] {
                let message = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) })
                try await connection.send(bytes: message)
                #expect(try await connection.receiveBytes() == message)
            }
            try await connection.finishSending()
            #expect(try await python.line() == "4")
            #expect(try await python.ask("peer.end()") == "None")
            #expect(try await connection.receiveBytes() == nil)
        }
    }

    @Test("greeting, user and data, messages, fragments, pings and the end", arguments: Case.all)
    func conversation(meeting: Case) async throws {
        try await meet(meeting, words: ["user=grace", "room=blue", "room=green", "note="], query: "?data.task=resize") {
            said,
            ours,
            python in
            #expect(said == "connected 'ada' [('task', 'resize')]")
            let connection = try ours.get()
            #expect(connection.peer.user == "grace")
            #expect(connection.peer.data.pairs.map { "\($0.name)=\($0.value)" } == ["room=blue", "room=green", "note="])
            try await connection.send(["task": "resize", "width": 640] as Value)
            connection.flush()
            #expect(try await python.ask("peer.recv()") == #"b'{"task":"resize","width":640}'"#)
            #expect(try await python.ask(#"peer.send(b'[1, 2]'), peer.send(b'')"#) == "(None, None)")
            #expect(try await connection.receive(as: [Int].self) == [1, 2])
            #expect(try await connection.receiveBytes() == ByteBuffer())
            // A ping between two fragments is answered while the message is still under way.
            #expect(
                try await python.ask("peer.send_fragments(b'ab', b'cd'), peer.ping(b'12'), peer.send_fragments(b'ef', b'')")
                    == "(None, None, None)"
            )
            #expect(try await connection.receiveBytes() == ByteBuffer(string: "abcd"))
            #expect(try await connection.receiveBytes() == ByteBuffer(string: "ef"))
            try await connection.send(bytes: ByteBuffer(string: "after"))
            connection.flush()
            #expect(try await python.ask("peer.recv(), peer.pongs") == "(b'after', [b'12'])")
            try python.start("peer.echo()")
            for size in [0, 1, 16_384, 16_385, 300_000, 5_000_000] {
                let message = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 7) })
                try await connection.send(bytes: message)
                #expect(try await connection.receiveBytes() == message)
            }
            try await connection.finishSending()
            #expect(try await python.line() == "6")
            try python.start("peer.send(b'last'), peer.end()")
            #expect(try await connection.receiveBytes() == ByteBuffer(string: "last"))
            #expect(try await connection.receiveBytes() == nil)
            #expect(try await python.line() == "(None, None)")
        }
    }

    @Test("another stack is refused, and both ends name both", arguments: Case.all)
    func otherStack(meeting: Case) async throws {
        try await meet(meeting, theirs: "cbor") { said, ours, _ in
            let suffix = meeting.suffix
            #expect(said == (meeting.role == .listener ? "refused stack-mismatch json+length\(suffix)" : "error stack-mismatch"))
            let error = #expect(throws: PatchbayError.self) { try ours.get() }
            #expect(error?.code == .stackMismatch)
            #expect(error?.message.contains("json+length\(suffix)") == true && error?.message.contains("cbor+length\(suffix)") == true)
        }
    }

    @Test("another key is refused at both ends", arguments: Case.all.filter(\.keyed))
    func otherKey(meeting: Case) async throws {
        try await meet(meeting, theirKey: "fedcba9876543210") { said, ours, _ in
            #expect(said == (meeting.role == .listener ? "refused authentication-failed" : "error authentication-failed"))
            let error = #expect(throws: PatchbayError.self) { try ours.get() }
            #expect(error?.code == .authenticationFailed)
        }
    }

    @Test("an end without the record that ends a secured stream is a truncation", arguments: Case.all.filter(\.keyed))
    func truncation(meeting: Case) async throws {
        try await meet(meeting) { said, ours, python in
            #expect(said.hasPrefix("connected"))
            let connection = try ours.get()
            #expect(try await python.ask("peer.send(b'one'), peer.vanish()") == "(None, None)")
            #expect(try await connection.receiveBytes() == ByteBuffer(string: "one"))
            let error = await #expect(throws: PatchbayError.self) { try await connection.receiveBytes() }
            #expect(error?.code == .truncated)
        }
    }

    @Test("a record that was changed is refused, and nothing of it arrives", arguments: Case.all.filter(\.keyed))
    func changedRecord(meeting: Case) async throws {
        try await meet(meeting) { said, ours, python in
            #expect(said.hasPrefix("connected"))
            let connection = try ours.get()
            // Flipped, not replaced: the code is another each time, and one in 256 ends with any byte that one might choose.
            let change = "(lambda record: record[:-1] + bytes([record[-1] ^ 1]))"
            let sent = try await python.ask("peer.sock.sendall(\(change)(peer.sealer.seal(bytes([0, 0, 0, 1, 65]))))")
            #expect(sent == "None")
            let error = await #expect(throws: PatchbayError.self) { try await connection.receiveBytes() }
            #expect(error?.code == .authenticationFailed)
        }
    }
}
