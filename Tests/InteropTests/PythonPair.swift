internal import Glibc
internal import Patchbay
internal import PythonSupport
internal import Testing

/// How our end and CPython's meet.
struct Meeting: Sendable, CustomTestStringConvertible {
    enum Transport: String, Sendable, CaseIterable {
        case tcp, unix
    }

    var interpreter: Interpreter
    var transport: Transport
    /// Ours.
    var role: Role

    var testDescription: String { "\(interpreter.testDescription), \(transport), we are the \(role)" }

    /// Every interpreter, transport and role.
    static let all = Interpreter.all.flatMap { interpreter in
        Transport.allCases.flatMap { transport in
            [Role.dialer, .listener].map { Meeting(interpreter: interpreter, transport: transport, role: $0) }
        }
    }

    /// Those of one interpreter on each side of the change of CPython's authentication in 3.12.
    static let few = all.filter { meeting in
        [Interpreter.all.first?.path, Interpreter.all.last?.path].contains(meeting.interpreter.path)
    }

    /// What the URL needs for this interpreter.
    var digest: String? { interpreter.isModern ? nil : "digest=md5" }
}

/// A connection of ours whose other end is CPython, or what became of the attempt.
struct PythonPair: Sendable {
    var python: ChildProcess
    /// What Python said: `connected`, or `error` and a name.
    var said: String
    var ours: Result<Connection, any Error>

    /// The peer's program, beside this file.
    static let script =
        #filePath.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/connection_peer.py"

    /// - Parameters:
    ///   - key: ours; nil: `auth=none`.
    ///   - theirs: Python's; nil: none.
    ///   - options: of our URL.
    ///   - fails: the handshake is to fail.
    static func make(
        _ meeting: Meeting,
        key: String?,
        theirs: String?,
        options: [String],
        fails: Bool = false,
        in folder: String
    ) async throws -> PythonPair {
        let path = "\(folder)/s"
        // Deadlines that a busy machine keeps as well, where a test does not choose its own.
        let deadlines = options.contains { $0.hasPrefix("handshake-timeout=") } ? [] : ["timeout=60s", "handshake-timeout=60s"]
        let words = (key == nil ? ["auth=none"] : []) + options + deadlines
        let query = words.isEmpty ? "" : "?" + words.joined(separator: "&")
        let user = key.map { ":\(percentEncoded($0))@" } ?? ""
        func url(_ address: String) throws -> ConnectionURL {
            try ConnectionURL(
                meeting.transport == .tcp ? "python+tcp://\(user)127.0.0.1:\(address)\(query)" : "python+unix://\(user)\(address)\(query)"
            )
        }
        func child(_ role: String, _ address: String) throws -> ChildProcess {
            let keyText = theirs.map(hexadecimal) ?? "none"
            return try ChildProcess(meeting.interpreter.path, [Self.script, role, meeting.transport.rawValue, address, keyText])
        }
        switch meeting.role {
        case .dialer:
            let python = try child("listen", path)
            let ready = try await python.line().split(separator: " ")
            try #require(ready.first == "ready")
            let target = try url(String(ready[1]))
            let ours: Result<Connection, any Error>
            do { ours = .success(try await Connection.connect(to: target)) } catch { ours = .failure(error) }
            return PythonPair(python: python, said: try await python.line(), ours: ours)
        case .listener:
            let listener = try await Listener.bind(try url(meeting.transport == .tcp ? "0" : path))
            let python = try child("connect", meeting.transport == .tcp ? String(listener.address?.port ?? 0) : path)
            guard fails else {
                let connection = try await listener.accept()
                listener.close()
                return PythonPair(python: python, said: try await python.line(), ours: .success(connection))
            }
            let (failures, sink) = AsyncStream<any Error>.makeStream()
            let running = Task {
                try await listener.run(onEvent: { if case .handshakeFailed(_, let error) = $0 { sink.yield(error) } }) { _ in }
                sink.finish()
            }
            defer { running.cancel() }
            let said = try await python.line()
            var iterator = failures.makeAsyncIterator()
            return PythonPair(python: python, said: said, ours: .failure(try #require(await iterator.next())))
        }
    }
}

/// Runs `body` with an authenticated connection to CPython.
func withPython(
    _ meeting: Meeting,
    key: String? = "secret",
    options: [String] = [],
    _ body: (Connection, ChildProcess) async throws -> Void
) async throws {
    try await withFolder { folder in
        let digest = key == nil ? [] : [meeting.digest].compactMap(\.self)
        let pair = try await PythonPair.make(meeting, key: key, theirs: key, options: digest + options, in: folder)
        #expect(pair.said == "connected")
        let connection = try pair.ours.get()
        try await body(connection, pair.python)
        // Without it the close would wait for Python's end.
        pair.python.endInput()
        await connection.close()
    }
}

/// A fresh folder with a short path, for sockets.
func withFolder<Result>(_ body: (String) async throws -> Result) async throws -> Result {
    var template = Array("/tmp/patchbay-XXXXXX".utf8CString)
    let folder = template.withUnsafeMutableBufferPointer { characters in
        characters.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) }
    }
    let path = try #require(folder)
    defer {
        unlink("\(path)/s")
        rmdir(path)
    }
    return try await body(path)
}

func hexadecimal(_ text: String) -> String {
    text.utf8.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

func percentEncoded(_ text: String) -> String {
    text.utf8.map { "%" + hexadecimal(String(Unicode.Scalar($0))).uppercased() }.joined()
}
