internal import NIOCore
internal import Patchbay
internal import PythonSupport
internal import Testing

@Suite(
    "objects to and from multiprocessing.connection",
    .serialized,
    .timeLimit(.minutes(3)),
    .enabled(if: !Interpreter.all.isEmpty, Interpreter.absence)
)
struct PythonObjectTests {
    @Test("what CPython sends comes back to it as it was, type for type", arguments: Meeting.all)
    func echo(meeting: Meeting) async throws {
        try await withPython(meeting) { connection, python in
            try python.start("roundtrip(conn, corpus)")
            let count = 68
            for _ in 0..<count {
                let value = try #require(try await connection.receive(as: Value.self))
                try await connection.send(value)
            }
            connection.flush()
            #expect(try await python.line() == "[]")
            #expect(try await python.ask("len(corpus)") == "\(count)")
        }
    }

    /// Values, and what CPython calls them.
    static let written: [(Value, String)] = [
        (.null, "None"), (.bool(true), "True"), (.int(-7), "-7"), (.int(.min), "-9223372036854775808"),
        (.bigInteger(BigInteger(isNegative: false, magnitude: [1, 0, 0, 0, 0, 0, 0, 0, 0])), "18446744073709551616"),
        (.double(2.25), "2.25"), (.string("Zürich"), "'Z\\xfcrich'"), (.bytes(ByteBuffer(string: "hello")), "b'hello'"),
        (.tagged(.name("bytearray"), .bytes(ByteBuffer(string: "ab"))), "bytearray(b'ab')"),
        (.array([.int(1), .array([])]), "[1, []]"), (.tuple([]), "()"), (.tuple([.int(1)]), "(1,)"),
        (.tuple([.int(1), .null]), "(1, None)"),
        (.map(ValueMap([.init(.string("b"), .int(1)), .init(.tuple([.int(2)]), .null)])), "{'b': 1, (2,): None}"),
        (.set([.int(5)]), "{5}"), (.tagged(.name("frozenset"), .set([.string("x")])), "frozenset({'x'})"),
    ]

    @Test("what we send is what CPython calls it", arguments: Meeting.all)
    func writing(meeting: Meeting) async throws {
        try await withPython(meeting) { connection, python in
            for (value, text) in Self.written {
                try await connection.send(value)
                connection.flush()
                #expect(try await python.ask("conn.recv()") == text)
            }
            struct Task: Codable, Equatable {
                var task: String
                var width: Int
            }
            try await connection.send(Task(task: "resize", width: 640))
            connection.flush()
            #expect(try await python.ask("sorted(conn.recv().items())") == "[('task', 'resize'), ('width', 640)]")
            try python.start("conn.send({'task': 'crop', 'width': 1})")
            #expect(try await connection.receive(as: Task.self) == Task(task: "crop", width: 1))
            #expect(try await python.line() == "None")
        }
    }

    @Test("every protocol that CPython can read, we write", arguments: Meeting.few, [2, 3, 4, 5])
    func protocols(meeting: Meeting, version: Int) async throws {
        try await withPython(meeting, options: ["protocol=\(version)"]) { connection, python in
            for (value, text) in Self.written {
                try await connection.send(value)
                connection.flush()
                #expect(try await python.ask("conn.recv()") == text)
            }
        }
    }

    @Test(
        "the documentation's example: an object, bytes, and an array of C ints as bytes",
        arguments: Meeting.all.filter { $0.role == .dialer }
    )
    func example(meeting: Meeting) async throws {
        try await withPython(meeting, key: "secret password", options: ["pickle.globals=inert"]) { connection, python in
            try python.start(
                "conn.send([2.25, None, 'junk', float]), conn.send_bytes(b'hello'), conn.send_bytes(array('i', [42, 1729])), conn.close()"
            )
            let first = try await connection.receive(as: Value.self)
            #expect(first == .array([.double(2.25), .null, .string("junk"), .global(module: "builtins", name: "float")]))
            #expect(try await connection.receiveBytes() == ByteBuffer(string: "hello"))
            var numbers = [Int32](repeating: 0, count: 5)
            #expect(try await connection.receive(into: &numbers) == 8)
            #expect(numbers == [42, 1729, 0, 0, 0])
            #expect(try await connection.receiveBytes() == nil)
            #expect(try await python.line() == "(None, None, None, None)")
        }
    }

    @Test("the name of a class is refused unless the URL takes it, and the connection goes on", arguments: Meeting.few)
    func globals(meeting: Meeting) async throws {
        try await withPython(meeting) { connection, python in
            let said = try await python.ask("conn.send([1, float]), conn.send(2)")
            #expect(said == "(None, None)")
            let error = await #expect(throws: PatchbayError.self) { try await connection.receive(as: Value.self) }
            #expect(error?.code == .decodingFailed && error?.message.contains("float") == true)
            #expect(try await connection.receive(as: Value.self) == .int(2))
        }
    }
}
