internal import CPatchbayIO
internal import Glibc
internal import NIOCore
internal import Patchbay
internal import PythonSupport
internal import Testing

/// `send_handle` and `recv_handle` of multiprocessing.reduction; the cases of CPython's own tests among them.
@Suite(
    "descriptors to and from multiprocessing.reduction",
    .serialized,
    .timeLimit(.minutes(3)),
    .enabled(if: !Interpreter.all.isEmpty, Interpreter.absence)
)
struct PythonDescriptorTests {
    private static let meetings = Meeting.all.filter { $0.transport == .unix }

    private func withPython(_ meeting: Meeting, _ body: (Connection, ChildProcess) async throws -> Void) async throws {
        try await InteropTests.withPython(meeting, options: ["descriptors=true"], body)
    }

    /// All that a pipe holds whose writing ends are closed.
    private func content(of descriptor: borrowing OwnedDescriptor) -> String {
        var bytes = [UInt8](repeating: 0, count: 4096)
        let count = cpb_read(descriptor.number, &bytes, bytes.count)
        return String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self)
    }

    private func receivePipe(_ connection: Connection) async throws -> String? {
        guard let descriptor = try await connection.receiveDescriptor(timeout: .seconds(60)) else { return nil }
        #expect(fcntl(descriptor.number, F_GETFD) == FD_CLOEXEC)
        return content(of: descriptor)
    }

    /// A pipe that holds a text, with a number of at least `number`.
    private func pipe(holding text: String, from number: CInt = 0) throws -> OwnedDescriptor {
        var ends: [CInt] = [-1, -1]
        try #require(cpb_pipe(&ends) == 0)
        let reading = OwnedDescriptor(ends[0])
        defer { close(ends[1]) }
        _ = cpb_set_blocking(ends[0])
        #expect(cpb_write(ends[1], text, text.utf8.count) == text.utf8.count)
        return number == 0 ? reading : OwnedDescriptor(fcntl(reading.number, F_DUPFD_CLOEXEC, number))
    }

    @Test("send_handle's descriptors come between the messages of one burst", arguments: meetings)
    func fromPython(meeting: Meeting) async throws {
        try await withPython(meeting) { connection, python in
            let burst =
                "give(conn, 'u'), conn.send_bytes(b'a'), give(conn, 'v'), give(conn, 'w', 300), conn.send_bytes(b'b' * 70000), give(conn, 'x')"
            let said = try await python.ask("\(burst), conn.send(7)")
            #expect(said == "(" + Array(repeating: "None", count: 7).joined(separator: ", ") + ")")
            #expect(try await receivePipe(connection) == "u")
            let early = await #expect(throws: PatchbayError.self) { _ = try await receivePipe(connection) }
            #expect(early?.code == .outOfTurn)
            #expect(try await connection.receiveBytes() == ByteBuffer(string: "a"))
            let late = await #expect(throws: PatchbayError.self) { _ = try await connection.receiveBytes() }
            #expect(late?.code == .outOfTurn)
            #expect(try await receivePipe(connection) == "v")
            #expect(try await receivePipe(connection) == "w")
            #expect(try await connection.receiveBytes()?.readableBytes == 70_000)
            #expect(try await receivePipe(connection) == "x")
            #expect(try await connection.receive(as: Value.self) == .int(7))
            #expect(try await python.ask("conn.close()") == "None")
            #expect(try await receivePipe(connection) == nil)
        }
    }

    @Test("recv_handle gets ours, one above 256 too, between the messages of one burst", arguments: meetings)
    func toPython(meeting: Meeting) async throws {
        try await withPython(meeting) { connection, python in
            for (text, number) in [("first", 0), ("above", 300)] as [(String, CInt)] {
                try await connection.send(bytes: ByteBuffer(string: "before"))
                let descriptor = try pipe(holding: text, from: number)
                #expect(descriptor.number >= number)
                try await connection.sendDescriptor(descriptor.number)
                try await connection.send(bytes: ByteBuffer(string: "behind"))
            }
            connection.flush()
            let one = "conn.recv_bytes(), take(conn), conn.recv_bytes()"
            #expect(try await python.ask(one) == "(b'before', 'first', b'behind')")
            #expect(try await python.ask(one) == "(b'before', 'above', b'behind')")
            try await connection.finishSending()
            #expect(try await python.ask("take(conn)") == "error EOFError")
        }
    }

    @Test("a socket that comes is a connection for whoever makes one of it, and ours is one for Python", arguments: meetings)
    func sockets(meeting: Meeting) async throws {
        try await withPython(meeting) { connection, python in
            // Python keeps one end of a pair, and sends the other.
            #expect(try await python.ask("give_end(conn)") == "None")
            guard let socket = try await connection.receiveDescriptor() else {
                Issue.record("no descriptor came")
                return
            }
            #expect(cpb_send(socket.number, "hello", 5) == 5)
            #expect(try await python.ask("kept.recv(5)") == "b'hello'")
        }
    }

    @Test("a byte without a descriptor is a message's, and several at once end the connection", arguments: meetings)
    func malformed(meeting: Meeting) async throws {
        try await withPython(meeting) { connection, python in
            let one = try await python.ask("os.write(conn.fileno(), bytes(1))")
            #expect(one == "1")
            let error = await #expect(throws: PatchbayError.self) { _ = try await receivePipe(connection) }
            #expect(error?.code == .outOfTurn)
            // The rest of what can only be the beginning of an empty message.
            let three = try await python.ask("os.write(conn.fileno(), bytes(3))")
            #expect(three == "3")
            #expect(try await connection.receiveBytes() == ByteBuffer())
        }
        for count in [0, 2, 253] {
            try await withPython(meeting) { connection, python in
                let said = try await python.ask("give_many(conn, \(count)), conn.send_bytes(b'x')")
                #expect(said == "(None, None)")
                let error = await #expect(throws: PatchbayError.self) { _ = try await receivePipe(connection) }
                #expect(error?.code == (count == 0 ? .outOfTurn : .protocolViolation))
            }
        }
    }
}
