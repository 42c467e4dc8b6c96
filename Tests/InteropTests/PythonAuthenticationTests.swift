internal import NIOCore
internal import Patchbay
internal import PythonSupport
internal import Testing

@Suite(
    "authentication with multiprocessing.connection",
    .serialized,
    .timeLimit(.minutes(3)),
    .enabled(if: !Interpreter.all.isEmpty, Interpreter.absence)
)
struct PythonAuthenticationTests {
    /// Runs a handshake that is to fail; what Python said, and our error.
    private func failure(
        _ meeting: Meeting,
        key: String?,
        theirs: String?,
        _ options: [String]
    ) async throws -> (said: String, error: PatchbayError?) {
        try await withFolder { folder in
            let pair = try await PythonPair.make(meeting, key: key, theirs: theirs, options: options, fails: true, in: folder)
            guard case .failure(let error) = pair.ours else { return (pair.said, nil) }
            return (pair.said, error as? PatchbayError)
        }
    }

    @Test("the same key connects: md5 for all, the others for 3.12 and later", arguments: Meeting.all)
    func rightKey(meeting: Meeting) async throws {
        for digest in meeting.interpreter.isModern ? ["sha256", "sha384", "sha3_256", "sha3_384", "md5"] : ["md5"] {
            try await withFolder { folder in
                let pair = try await PythonPair.make(
                    meeting,
                    key: "secret",
                    theirs: "secret",
                    options: ["python.digest=\(digest)"],
                    in: folder
                )
                #expect(pair.said == "connected")
                let connection = try pair.ours.get()
                try await connection.send(Value.string(digest))
                connection.flush()
                #expect(try await pair.python.ask("conn.recv()") == "'\(digest)'")
                pair.python.endInput()
                await connection.close()
            }
        }
    }

    @Test("the empty key is a key", arguments: Meeting.all)
    func emptyKey(meeting: Meeting) async throws {
        let md5 = [meeting.digest].compactMap(\.self)
        if meeting.role == .listener {
            try await withPython(meeting, key: "") { connection, python in
                let said = try await python.ask("conn.send(1)")
                #expect(said == "None")
                #expect(try await connection.receive(as: Value.self) == .int(1))
            }
        } else {
            // Before 3.13 a Listener takes the empty key for none, so its half is done by hand.
            try await withPython(meeting, key: nil) { connection, python in
                try python.start("connection.deliver_challenge(conn, b''), connection.answer_challenge(conn, b'')")
                try await connection.answerChallenge(key: ByteBuffer(), allowsMD5: !md5.isEmpty, timeout: .seconds(10))
                try await connection.deliverChallenge(key: ByteBuffer(), allowsMD5: !md5.isEmpty, timeout: .seconds(10))
                #expect(try await python.line() == "(None, None)")
            }
        }
        let (said, error) = try await failure(meeting, key: "", theirs: "secret", md5)
        #expect(said == "error AuthenticationError")
        #expect(error?.code == .authenticationFailed)
    }

    @Test("another key is an authentication failure at both ends, and is in no error", arguments: Meeting.all)
    func wrongKey(meeting: Meeting) async throws {
        let (said, error) = try await failure(meeting, key: "sekret", theirs: "secret", [meeting.digest].compactMap(\.self))
        #expect(said == "error AuthenticationError")
        #expect(error?.code == .authenticationFailed)
        #expect(error?.stage == .authenticate)
        #expect(error.map { "\($0)".contains("sekret") } == false)
    }

    @Test(
        "CPython 3.11 and older fails without digest=md5, and the error says so",
        arguments: Meeting.all.filter { !$0.interpreter.isModern }
    )
    func oldWithoutMD5(meeting: Meeting) async throws {
        let (said, error) = try await failure(meeting, key: "secret", theirs: "secret", [])
        #expect(said.hasPrefix("error "))
        #expect(error?.code == .authenticationFailed)
        #expect(error?.message.contains("python.digest=md5") == true)
    }

    @Test("a key at our end only is an error within the handshake's time", arguments: Meeting.all)
    func keyHereOnly(meeting: Meeting) async throws {
        let start = ContinuousClock.now
        let (said, error) = try await failure(meeting, key: "secret", theirs: nil, ["handshake-timeout=200ms"])
        #expect(said == "connected")
        #expect(error?.code == .timedOut)
        #expect(error?.message.contains("key") == true)
        #expect(ContinuousClock.now - start < .seconds(60))
    }

    @Test("a key at CPython's end only ends in errors, once something is sent or the time is over", arguments: Meeting.few)
    func keyThereOnly(meeting: Meeting) async throws {
        try await withFolder { folder in
            let path = "\(folder)/s"
            let isTCP = meeting.transport == .tcp
            func url(_ address: String) throws -> ConnectionURL {
                try ConnectionURL((isTCP ? "python+tcp://127.0.0.1:\(address)" : "python+unix://\(path)") + "?auth=none")
            }
            func child(_ role: String, _ address: String) throws -> ChildProcess {
                try ChildProcess(meeting.interpreter.path, [PythonPair.script, role, meeting.transport.rawValue, address, "736563726574"])
            }
            if meeting.role == .dialer {
                let python = try child("listen", path)
                let address = try #require(try await python.line().split(separator: " ").last)
                let connection = try await Connection.connect(to: try url(String(address)))
                try await connection.send(Value.int(1))
                let error = await #expect(throws: PatchbayError.self) { try await connection.receive(as: Value.self) }
                #expect(error?.code == .decodingFailed)
                #expect(try await python.line() == "error AuthenticationError")
            } else {
                let listener = try await Listener.bind(try url("0"))
                let python = try child("connect", isTCP ? String(listener.address?.port ?? 0) : path)
                let connection = try await listener.accept()
                let error = await #expect(throws: PatchbayError.self) {
                    try await connection.receive(as: Value.self, timeout: .milliseconds(100))
                }
                #expect(error?.code == .timedOut)
                connection.abort()
                #expect(try await python.line().hasPrefix("error "))
            }
        }
    }

    // MARK: By hand

    @Test("deliver_challenge and answer_challenge by hand, with the right key", arguments: Meeting.all)
    func byHand(meeting: Meeting) async throws {
        let old = !meeting.interpreter.isModern
        let key = ByteBuffer(string: "secret")
        try await withPython(meeting, key: nil) { connection, python in
            try python.start("connection.answer_challenge(conn, b'secret'), connection.deliver_challenge(conn, b'secret')")
            try await connection.deliverChallenge(key: key, allowsMD5: old, timeout: .seconds(10))
            try await connection.answerChallenge(key: key, allowsMD5: old, timeout: .seconds(10))
            #expect(try await python.line() == "(None, None)")
            try python.start("connection.deliver_challenge(conn, b'secret'), connection.answer_challenge(conn, b'secret')")
            try await connection.answerChallenge(key: key, allowsMD5: old, timeout: .seconds(10))
            try await connection.deliverChallenge(key: key, allowsMD5: old, timeout: .seconds(10))
            #expect(try await python.line() == "(None, None)")
            #expect(try await python.ask("conn.send('authenticated')") == "None")
            #expect(try await connection.receive(as: Value.self) == .string("authenticated"))
        }
    }

    @Test("by hand, another key is told to the peer, and thrown at both ends", arguments: Meeting.all)
    func byHandWrongKey(meeting: Meeting) async throws {
        let old = !meeting.interpreter.isModern
        let key = ByteBuffer(string: "sekret")
        try await withPython(meeting, key: nil) { connection, python in
            try python.start("connection.answer_challenge(conn, b'secret')")
            var error = await #expect(throws: PatchbayError.self) {
                try await connection.deliverChallenge(key: key, allowsMD5: old, timeout: .seconds(10))
            }
            #expect(error?.code == .authenticationFailed)
            #expect(try await python.line() == "error AuthenticationError")
            try python.start("connection.deliver_challenge(conn, b'secret')")
            error = await #expect(throws: PatchbayError.self) {
                try await connection.answerChallenge(key: key, allowsMD5: old, timeout: .seconds(10))
            }
            #expect(error?.code == .authenticationFailed)
            #expect(error.map { "\($0)".contains("sekret") } == false)
            #expect(try await python.line() == "error AuthenticationError")
        }
    }

    @Test("by hand, false challenges and verdicts, too long a message, and the end are errors", arguments: Meeting.few)
    func byHandNonsense(meeting: Meeting) async throws {
        let key = ByteBuffer(string: "secret")
        try await withPython(meeting, key: nil) { connection, python in
            // CPython's own test: a challenge that is none, an answer that is none, a verdict that is none.
            #expect(try await python.ask("conn.send_bytes(b'something bogus')") == "None")
            var error = await #expect(throws: PatchbayError.self) { try await connection.answerChallenge(key: key) }
            #expect(error?.code == .protocolViolation)
            #expect(try await python.ask("conn.send_bytes(b'something bogus')") == "None")
            error = await #expect(throws: PatchbayError.self) { try await connection.deliverChallenge(key: key) }
            #expect(error?.code == .authenticationFailed)
            #expect(try await python.ask("conn.recv_bytes()[:11], conn.recv_bytes()") == "(b'#CHALLENGE#', b'#FAILURE#')")
            #expect(
                try await python.ask("conn.send_bytes(b'#CHALLENGE#{sha256}' + bytes(40)), conn.send_bytes(b'#VELCOME#')") == "(None, None)"
            )
            error = await #expect(throws: PatchbayError.self) { try await connection.answerChallenge(key: key) }
            #expect(error?.code == .protocolViolation)
            #expect(try await python.ask("len(conn.recv_bytes())") == "40")
            #expect(try await python.ask("conn.send_bytes(bytes(257)), conn.close()") == "(None, None)")
            error = await #expect(throws: PatchbayError.self) { try await connection.answerChallenge(key: key) }
            #expect(error?.code == .protocolViolation)
            _ = try await connection.receiveBytes()
            error = await #expect(throws: PatchbayError.self) { try await connection.answerChallenge(key: key) }
            #expect(error?.code == .closed)
        }
    }

    @Test("by hand, a stack with another framing is refused before anything is sent")
    func byHandFraming() async throws {
        let listener = try await Listener.bind("json+lines+bare+tcp://")
        let connection = try await Connection.connect(to: try ConnectionURL("json+lines+bare+" + listener.url.drop { $0 != "t" }))
        let error = await #expect(throws: PatchbayError.self) { try await connection.deliverChallenge(key: ByteBuffer(string: "k")) }
        #expect(error?.code == .unsupported)
        #expect(error?.message.contains("python") == true)
    }

    // MARK: Keys that are missing

    @Test("python without a key says what to write, and auth=none goes without")
    func missingKey() throws {
        for url in ["python+tcp://127.0.0.1:1", "python+unix:///run/a", "pickle+python-frames+python-hmac+bare+unix:///run/a"] {
            let error = #expect(throws: PatchbayError.self) {
                try Registry.standard.resolve(
                    ConnectionURL(url),
                    for: .dialer,
                    environment: ResolutionEnvironment(variable: { _ in nil }, hostName: { "h" })
                )
            }
            #expect(error?.code == .missingOption)
            #expect(error?.message.contains("password") == true && error?.message.contains("key-file=") == true)
            #expect(error?.message.contains("auth=none") == url.hasPrefix("python+"))
        }
        #expect(try Registry.standard.resolve(ConnectionURL("python+tcp://127.0.0.1:1?auth=none"), for: .dialer).authenticators.isEmpty)
    }
}
