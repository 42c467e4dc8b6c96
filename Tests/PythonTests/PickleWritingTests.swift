internal import NIOCore
internal import PatchbayCore
internal import PatchbayPython
internal import Testing

/// Expected bytes are those of CPython 3.11.7, or, where objects that CPython would memoize are in it, what its pickletools read.
@Suite("writing pickles")
struct PickleWritingTests {
    private struct Task: Codable, Equatable {
        var name: String
        var width: Int
        var scale: Double?
        var tags: [String]
        var nested: [String: [Int]]
        var large: UInt64
    }

    private func written(_ value: Value, _ codec: PickleCodec = PickleCodec()) throws -> String {
        var message = ByteBuffer()
        try codec.encode(value, into: &message)
        return hexadecimal(message.readableBytesView)
    }

    @Test("42 is what CPython sends, without a frame")
    func fortyTwo() throws {
        #expect(try written(.int(42)) == "80044b2a2e")
        #expect(try written(.int(42), PickleCodec(protocol: 2)) == "80024b2a2e")
        #expect(try written(.int(42), PickleCodec(protocol: 5)) == "80054b2a2e")
    }

    @Test("four bytes or more stand in a frame from protocol 4 on")
    func frame() throws {
        #expect(try written(.double(1.5)) == "8004950a00000000000000473ff80000000000002e")
        #expect(try written(.double(1.5), PickleCodec(protocol: 3)) == "8003473ff80000000000002e")
        #expect(try written(.null) == "80044e2e")
    }

    @Test("big integers are minimal two's complement")
    func integers() throws {
        let codec = PickleCodec(protocol: 2)
        #expect(
            try written(.bigInteger(BigInteger(isNegative: false, magnitude: [64, 0, 0, 0, 0, 0, 0, 0, 0])), codec)
                == "80028a090000000000000000402e"
        )
        #expect(
            try written(.bigInteger(BigInteger(isNegative: true, magnitude: [64, 0, 0, 0, 0, 0, 0, 0, 0])), codec)
                == "80028a090000000000000000c02e"
        )
        #expect(
            try written(.bigInteger(BigInteger(isNegative: false, magnitude: .init(repeating: 255, count: 8))), codec)
                == "80028a09ffffffffffffffff002e"
        )
        #expect(
            try written(.bigInteger(BigInteger(isNegative: true, magnitude: [128, 0, 0, 0, 0, 0, 0, 1])), codec)
                == "80028a09ffffffffffffff7fff2e"
        )
        #expect(try written(.int(.min), codec) == "80028a0800000000000000802e")
    }

    @Test("Codable types are dicts with their keys as text, and come back", arguments: PickleCodec.protocols)
    func codable(number: Int) throws {
        let codec = PickleCodec(protocol: number)
        let task = Task(name: "größe", width: 640, scale: nil, tags: ["a", "b"], nested: ["x": [1, 2, 3]], large: .max)
        var message = ByteBuffer()
        try codec.encode(task, into: &message)
        #expect(try codec.decode(Task.self, from: message) == task)
        guard case .map(let map) = try codec.decodeValue(from: message) else {
            Issue.record("no dict")
            return
        }
        #expect(map.pairs.contains(ValueMap.Pair(.string("width"), .int(640))))
    }

    @Test("the message is appended, and what stood in the buffer stays")
    func appends() throws {
        var message = ByteBuffer(bytes: [1, 2, 3])
        try PickleCodec().encode(Value.int(42), into: &message)
        #expect(hexadecimal(message.readableBytesView) == "01020380044b2a2e")
        #expect(throws: PatchbayError.self) { try PickleCodec().encode(Value.array([.int(1), .simple(23)]), into: &message) }
        #expect(hexadecimal(message.readableBytesView) == "01020380044b2a2e")
    }

    @Test(
        "what pickle cannot say is an error that names it",
        arguments: [
            (Value.simple(23), "simple value 23"), (.extension(type: 5, ByteBuffer()), "extension type 5"), (.number("1e400"), "1e400"),
            (.tagged(.number(2), .int(1)), "tag 2"), (.tagged(.name("decimal"), .int(1)), "decimal"),
            (.tagged(.name("bytearray"), .int(1)), "bytearray"), (.tagged(.name("frozenset"), .array([])), "frozenset"),
            (.global(module: "a\nb", name: "c"), "global"),
        ]
    )
    func refused(value: Value, naming words: String) {
        let error = #expect(throws: PatchbayError.self) { try written(value) }
        #expect(error?.code == .encodingFailed)
        #expect(error?.message.contains(words) == true)
    }

    @Test("an inert name that was read is written as it came", arguments: PickleCodec.protocols)
    func global(number: Int) throws {
        let codec = PickleCodec(protocol: number, globals: .inert)
        let value = Value.array([.global(module: "builtins", name: "float"), .int(1)])
        var message = ByteBuffer()
        try codec.encode(value, into: &message)
        #expect(try codec.decodeValue(from: message) == value)
    }

    @Test("a writer that is not told the counts writes what reads the same", arguments: PickleCodec.protocols)
    func unknownCounts(number: Int) throws {
        let codec = PickleCodec(protocol: number)
        var writer = codec.makeWriter(ByteBuffer())
        try writer.beginMap(count: nil)
        for (index, kind) in [SequenceKind.array, .tuple, .set].enumerated() {
            for count in 0..<5 {
                try writer.int(Int64(index * 10 + count))
                try writer.beginSequence(kind, count: nil)
                for element in 0..<count { try writer.int(Int64(element)) }
                try writer.endSequence(kind, count: count)
            }
        }
        try writer.int(100)
        try writer.tag(.name("frozenset"))
        try writer.beginSequence(.set, count: nil)
        try writer.endSequence(.set, count: 0)
        try writer.int(101)
        try writer.beginMap(count: nil)
        try writer.endMap(count: 0)
        try writer.endMap(count: 17)
        guard case .map(let map) = try codec.decodeValue(from: try writer.finish()) else {
            Issue.record("no dict")
            return
        }
        let text = map.pairs.map { describe($0.value) }
        #expect(text[0] == "list[]" && text[1] == "list[int:0]" && text[4] == "list[int:0,int:1,int:2,int:3]")
        #expect(text[5] == "tuple[]" && text[6] == "tuple[int:0]" && text[9] == "tuple[int:0,int:1,int:2,int:3]")
        #expect(text[10] == "set[]" && text[11] == "set[int:0]" && text[15] == "frozenset[]" && text[16] == "dict[]")
    }
}
