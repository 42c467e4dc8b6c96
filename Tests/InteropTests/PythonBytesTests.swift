internal import Glibc
internal import NIOCore
internal import Patchbay
internal import PythonSupport
internal import Testing

/// The cases of CPython's own Lib/test/_test_multiprocessing.py, with us at one end.
@Suite(
    "bytes to and from multiprocessing.connection",
    .serialized,
    .timeLimit(.minutes(3)),
    .enabled(if: !Interpreter.all.isEmpty, Interpreter.absence)
)
struct PythonBytesTests {
    private static let alphabet = ByteBuffer(string: "abcdefghijklmnopqrstuvwxyz")

    @Test("messages of every kind of size come back, then the end", arguments: Meeting.all)
    func sizes(meeting: Meeting) async throws {
        try await withPython(meeting) { connection, python in
            try python.start("echo(conn)")
            // CPython writes header and body apart above 16,384 bytes together.
            let sizes = [0, 1, 4, 255, 4096, 16_380, 16_384, 16_385, 65_536, 1_000_003, 0]
            for size in sizes {
                let message = ByteBuffer(bytes: (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31) })
                try await connection.send(bytes: message)
                #expect(try await connection.receiveBytes() == message)
            }
            try await connection.finishSending()
            #expect(try await python.line() == "\(sizes.count)")
        }
    }

    @Test("16 MiB come, the peer closes, and both kinds of receive tell the end", arguments: Meeting.all)
    func large(meeting: Meeting) async throws {
        try await withPython(meeting) { connection, python in
            try python.start("conn.send_bytes(b'\\x5a' * (16 << 20)), conn.close()")
            let message = try await connection.receiveBytes()
            #expect(message == ByteBuffer(repeating: 0x5a, count: 16 << 20))
            #expect(try await connection.receiveBytes() == nil)
            #expect(try await connection.receive(as: Value.self) == nil)
            #expect(try await python.line() == "(None, None)")
        }
        try await withPython(meeting) { connection, python in
            try python.start("len(conn.recv_bytes())")
            try await connection.send(bytes: ByteBuffer(repeating: 1, count: 16 << 20))
            try await connection.finishSending()
            #expect(try await python.line() == "\(16 << 20)")
            #expect(try await python.ask("conn.recv()") == "error EOFError")
        }
    }

    @Test("empty messages are messages, one by one", arguments: Meeting.all)
    func empty(meeting: Meeting) async throws {
        try await withPython(meeting) { connection, python in
            for _ in 0..<3 { try await connection.send(bytes: ByteBuffer()) }
            connection.flush()
            #expect(try await python.ask("[conn.recv_bytes() for _ in range(3)], conn.poll()") == "([b'', b'', b''], False)")
            #expect(try await python.ask("[conn.send_bytes(b'') for _ in range(3)]") == "[None, None, None]")
            for _ in 0..<3 {
                // An empty message polls true again and again.
                #expect(try await connection.poll(timeout: nil))
                #expect(try await connection.poll())
                #expect(try await connection.receiveBytes() == ByteBuffer())
            }
            #expect(try await !connection.poll())
        }
    }

    @Test("ranges of a buffer are sent as CPython sends them, and refused as there", arguments: Meeting.few)
    func ranges(meeting: Meeting) async throws {
        try await withPython(meeting) { connection, python in
            for (offset, count, text) in [
                (5, nil, "fghijklmnopqrstuvwxyz"), (7, 8, "hijklmno"), (26, nil, ""), (26, 0, ""), (0, 26, "abcdefghijklmnopqrstuvwxyz"),
            ] as [(Int, Int?, String)] {
                try await connection.send(bytes: Self.alphabet, offset: offset, count: count)
                connection.flush()
                #expect(try await python.ask("conn.recv_bytes()") == "b'\(text)'")
            }
            for (offset, count) in [(27, nil), (22, 5), (26, 1), (-1, nil), (4, -1), (.max, 1), (1, .max), (.min, .min)] as [(Int, Int?)] {
                let error = await #expect(throws: PatchbayError.self) {
                    try await connection.send(bytes: Self.alphabet, offset: offset, count: count)
                }
                #expect(error?.code == .invalidArgument)
            }
            #expect(try await python.ask("conn.poll(0)") == "False")
        }
    }

    @Test("a maximum refuses a longer message, which the next call has", arguments: Meeting.few)
    func maximum(meeting: Meeting) async throws {
        try await withPython(meeting) { connection, python in
            let said = try await python.ask("conn.send_bytes(b'0123456789'), conn.send_bytes(b'next')")
            #expect(said == "(None, None)")
            let error = await #expect(throws: PatchbayError.self) { try await connection.receiveBytes(maximum: 9) }
            #expect(error?.code == .messageTooLarge)
            #expect(try await connection.receiveBytes(maximum: 10) == ByteBuffer(string: "0123456789"))
            #expect(try await connection.receiveBytes() == ByteBuffer(string: "next"))
        }
    }

    @Test("receiving into memory: at 0, at an offset, and too short, both ways", arguments: Meeting.few)
    func receiveInto(meeting: Meeting) async throws {
        try await withPython(meeting) { connection, python in
            #expect(try await python.ask("[conn.send_bytes(array('i', [1, 2, 3])) for _ in range(4)]") == "[None, None, None, None]")
            var numbers = [Int32](repeating: 0, count: 5)
            #expect(try await connection.receive(into: &numbers) == 12)
            #expect(numbers == [1, 2, 3, 0, 0])
            #expect(try await connection.receive(into: &numbers, at: 8) == 12)
            #expect(numbers == [1, 2, 1, 2, 3])
            for offset in [-1, 21, .max] {
                let refused = await #expect(throws: PatchbayError.self) { try await connection.receive(into: &numbers, at: offset) }
                #expect(refused?.code == .invalidArgument)
            }
            let error = await #expect(throws: PatchbayError.self) { try await connection.receive(into: &numbers, at: 12) }
            #expect(error?.code == .bufferTooSmall)
            #expect(error?.payload?.getBytes(at: 0, length: 12) == [1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0])
            #expect(numbers == [1, 2, 1, 2, 3])
            #expect(try await connection.receive(into: &numbers) == 12)
            let eight = ByteBuffer(bytes: [42, 0, 0, 0, 0xc1, 6, 0, 0])
            for _ in 0..<3 { try await connection.send(bytes: eight) }
            connection.flush()
            #expect(try await python.ask("into(conn, [0] * 5)") == "(8, array('i', [42, 1729, 0, 0, 0]))")
            #expect(try await python.ask("into(conn, [0] * 5, 8)") == "(8, array('i', [0, 0, 42, 1729, 0]))")
            #expect(try await python.ask("into(conn, [0])") == "error BufferTooShort")
        }
    }

    @Test("polling consumes nothing, waits no longer than said, and is true at the end", arguments: Meeting.all)
    func poll(meeting: Meeting) async throws {
        try await withPython(meeting) { connection, python in
            #expect(try await !connection.poll())
            #expect(try await !connection.poll(timeout: .seconds(-1)))
            let start = ContinuousClock.now
            #expect(try await !connection.poll(timeout: .milliseconds(50)))
            #expect(ContinuousClock.now - start >= .milliseconds(50))
            #expect(try await python.ask("conn.poll(), conn.poll(-1), conn.poll(0.01)") == "(False, False, False)")
            try python.start("conn.send_bytes(b'a'), conn.send_bytes(b'b')")
            #expect(try await connection.poll(timeout: nil))
            for _ in 0..<3 { #expect(try await connection.poll()) }
            #expect(try await connection.receiveBytes() == ByteBuffer(string: "a"))
            #expect(try await connection.receiveBytes() == ByteBuffer(string: "b"))
            #expect(try await !connection.poll())
            _ = try await python.line()
            try python.start("conn.poll(None), conn.recv()")
            try await connection.send(Value.int(7))
            connection.flush()
            #expect(try await python.line() == "(True, 7)")
            // A child that only polls.
            #expect(try await python.ask("[conn.poll() for _ in range(100)].count(True), conn.close()") == "(0, None)")
            for _ in 0..<2 { #expect(try await connection.poll(timeout: .seconds(10))) }
            #expect(try await connection.receiveBytes() == nil)
            #expect(try await connection.poll())
        }
    }

    @Test(
        "a client that connects, sends and closes before the accept: its data is read, then the end",
        arguments: Interpreter.all,
        Meeting.Transport.allCases
    )
    func earlyClient(interpreter: Interpreter, transport: Meeting.Transport) async throws {
        try await withFolder { folder in
            let url = transport == .tcp ? "python+tcp://127.0.0.1:0?auth=none" : "python+unix://\(folder)/s?auth=none"
            let listener = try await Listener.bind(try ConnectionURL(url))
            let address = transport == .tcp ? String(listener.address?.port ?? 0) : "\(folder)/s"
            let python = try ChildProcess(interpreter.path, [PythonPair.script, "connect", transport.rawValue, address, "none"])
            #expect(try await python.line() == "connected")
            #expect(try await python.ask("conn.send({'a': 1}), conn.send_bytes(b'last'), conn.close()") == "(None, None, None)")
            let connection = try await listener.accept()
            #expect(try await connection.receive(as: Value.self) == .map(ValueMap([.init(.string("a"), .int(1))])))
            #expect(try await connection.receiveBytes() == ByteBuffer(string: "last"))
            #expect(try await connection.receiveBytes() == nil)
            listener.close()
            let error = await #expect(throws: PatchbayError.self) { try await listener.accept() }
            #expect(error?.code == .closed)
        }
    }

    @Test("signals while blocked are survived", arguments: Meeting.few)
    func signals(meeting: Meeting) async throws {
        signal(SIGUSR1) { _ in }
        // Not the default: a signal that is still on its way would end the process.
        defer { signal(SIGUSR1, SIG_IGN) }
        try await withPython(meeting) { connection, python in
            async let received = connection.receive(as: Value.self)
            for _ in 0..<50 {
                kill(getpid(), SIGUSR1)
                await Task.yield()
            }
            try python.start("conn.send('after the signals')")
            #expect(try await received == .string("after the signals"))
            #expect(try await python.line() == "None")
        }
    }
}
