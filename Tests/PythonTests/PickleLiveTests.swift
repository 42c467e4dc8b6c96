internal import NIOCore
internal import PatchbayCore
internal import PatchbayPython
internal import PythonSupport
internal import Testing

/// Objects that CPython pickles, and ours that it loads, compared type for type.
@Suite("pickles of a live CPython")
struct PickleLiveTests {
    /// What is pickled: nested, shared, large, empty, and every type's edges.
    private static let corpus = """
        import pickle
        shared = ['shared', {'a': 1}]
        key = 'key' * 3
        rows = [{'id': i, 'name': 'n%d' % i, 'score': i / 3, 'tags': ('a', 'b')} for i in range(2500)]
        corpus = [
            None, True, False, 0, 1, -1, 127, 128, 255, 256, 65535, 65536, 2**31 - 1, 2**31, -2**31, -2**31 - 1, 2**32,
            2**63 - 1, 2**63, -2**63, -2**63 - 1, 2**64 - 1, 2**64, -2**64, 2**2039, 2**2040 - 1, -2**2039, -2**2040, 2**20000, -3**5000,
            0.0, -0.0, 1.5, float('inf'), float('-inf'), float('nan'), 5e-324, 1.7976931348623157e308,
            '', 'abc', 'a' * 255, 'a' * 256, 'ü' * 128, 'grüß 漢字 😀', '\\0\\n\\\\u0041', 'x' * 70000,
            b'', b'\\0\\xff', bytes(range(256)), b'y' * 70000, bytearray(), bytearray(b'\\0\\xff'), bytearray(range(256)) * 300,
            [], [1], [1, 2], list(range(2500)), [[]], [[[]], []], (), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ((),), ([], ()),
            {}, {'a': 1}, {'a': 1, 'b': [2]}, {i: str(i) for i in range(2500)}, {(1, 2): None, 3.5: b'', frozenset([1]): {}},
            set(), {1}, {'a', 'b', (1, 2)}, set(range(2500)), frozenset(), frozenset({1}), frozenset({frozenset(), 'x'}),
            [set(), frozenset(), bytearray(b'1')], [shared, shared], {'x': shared, 'y': (shared, shared)}, [key] * 5,
            [bytearray(b'z')] * 3, [{1}] * 2, [frozenset({2})] * 2, [b'q'] * 2, [(1, 2)] * 2, rows, [rows[0]] * 100,
        ]

        """

    private static let produce =
        describeInPython + corpus + """
            for o in corpus:
                # Protocols 0 and 1 write integers in decimal, which CPython bounds to 4300 digits.
                for protocol in range(2 if type(o) is int and abs(o) > 2**14000 else 0, 6):
                    print(protocol, pickle.dumps(o, protocol=protocol).hex(), describe(o))
            """

    private static let load =
        describeInPython + """
            import pickle
            for line in sys.stdin:
                print(describe(pickle.loads(bytes.fromhex(line.strip()))))
            """

    @Test(
        "every pickle of a live CPython is read type for type, and ours of the same value is loaded there type for type",
        .enabled(if: !Interpreter.all.isEmpty, Interpreter.absence),
        arguments: Interpreter.all
    )
    func corpus(interpreter: Interpreter) throws {
        let produced = try Script(path: interpreter.path, Self.produce).run("").split(separator: "\n")
        #expect(produced.count > 500)
        var ours = ""
        var expected: [Substring] = []
        for line in produced {
            let words = line.split(separator: " ", maxSplits: 2)
            let number = try #require(Int(words[0]))
            let value = try PickleCodec().decodeValue(from: buffer(words[1]))
            guard describe(value) == words[2] else {
                Issue.record("protocol \(number): \(describe(value).prefix(200)) instead of \(words[2].prefix(200))")
                continue
            }
            guard PickleCodec.protocols.contains(number) else { continue }
            var message = ByteBuffer()
            try PickleCodec(protocol: number).encode(value, into: &message)
            ours += hexadecimal(message.readableBytesView) + "\n"
            expected.append(words[2])
        }
        let loaded = try Script(path: interpreter.path, Self.load).run(ours).split(separator: "\n")
        #expect(loaded.count == expected.count)
        for (loaded, expected) in zip(loaded, expected) where loaded != expected {
            Issue.record("CPython loads \(loaded.prefix(200)) instead of \(expected.prefix(200))")
        }
    }

    @Test(
        "a number, None, bool or empty tuple is byte for byte what CPython writes",
        .enabled(if: !Interpreter.all.isEmpty, Interpreter.absence),
        arguments: Interpreter.all
    )
    func identical(interpreter: Interpreter) throws {
        let script = """
            import pickle
            for o in (None, True, False, 0, 255, 256, 65535, 65536, -1, 2**31, -2**31, -2**31 - 1, 2**63 - 1, -2**63, 1.5, -0.0, ()):
                for protocol in range(2, 6): print(protocol, pickle.dumps(o, protocol=protocol).hex())
            """
        for line in try Script(path: interpreter.path, script).run("").split(separator: "\n") {
            let words = line.split(separator: " ")
            let value = try PickleCodec().decodeValue(from: buffer(words[1]))
            var again = ByteBuffer()
            try PickleCodec(protocol: Int(words[0]) ?? 0).encode(value, into: &again)
            #expect(hexadecimal(again.readableBytesView) == words[1])
        }
    }
}
