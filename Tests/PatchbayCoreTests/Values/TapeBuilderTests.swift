import NIOCore
import PatchbayCore
import Testing

@Suite struct TapeBuilderTests {
    private func builder(_ message: String = "", _ limits: DecodingLimits = DecodingLimits()) -> TapeBuilder {
        TapeBuilder(message: ByteBuffer(string: message), limits: limits, layer: "test")
    }

    private func code(_ body: () throws -> Void) -> PatchbayError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? PatchbayError)?.code
        }
    }

    @Test("containers with a count close themselves, others when told, and all kinds become the same values")
    func values() throws {
        var builder = builder("abcdef")
        try builder.openMap(count: 9)
        try builder.string(at: 0, count: 2)
        try builder.open(.tuple, count: 2)
        try builder.tag(5)
        try builder.tag("name")
        try builder.bytes(at: 2, count: 3)
        try builder.open(.set, count: 0)
        try builder.int(1)
        try builder.unsigned(.max)
        try builder.int(2)
        try builder.negative(.max)
        try builder.int(3)
        try builder.negative(UInt64(Int64.max))
        try builder.int(4)
        try builder.openMap(count: nil)
        try builder.null()
        try builder.open(.array, count: nil)
        try builder.float(0.5)
        try builder.double(0.5)
        try builder.bool(true)
        try builder.close()
        try builder.close()
        try builder.int(5)
        try builder.extension(type: -7, at: 5, count: 1)
        try builder.int(6)
        try builder.simple(23)
        try builder.int(7)
        try builder.global(module: "os.path", name: "join")
        #expect(!builder.isComplete)
        try builder.int(8)
        let start = builder.arena.readableBytes
        builder.arena.writeString("é")
        try builder.stringInArena(from: start)
        #expect(builder.isComplete)
        let tape = try builder.finish()
        let expected: Value = [
            "ab": .tuple([.tagged(.number(5), .tagged(.name("name"), .bytes(ByteBuffer(string: "cde")))), .set([])]),
            1: .bigInteger(BigInteger(UInt64.max)),
            2: .bigInteger(BigInteger(isNegative: true, magnitude: [1, 0, 0, 0, 0, 0, 0, 0, 0])),
            3: .int(.min),
            4: [nil: [.float(0.5), .double(0.5), true]],
            5: .extension(type: -7, ByteBuffer(string: "f")),
            6: .simple(23),
            7: .global(module: "os.path", name: "join"),
            8: "é",
        ]
        #expect(try Value(tape) == expected)
        #expect(tape.index(after: 0) == tape.tokens.count)
        var fromTape = RecordingWriter(ByteBuffer())
        try tape.write(to: &fromTape)
        #expect(try String(buffer: fromTape.finish()) == RecordingCodec().words(expected))
    }

    @Test("a message that stops early, or goes on, is refused")
    func completeness() throws {
        #expect(
            code {
                var builder = builder()
                _ = try builder.finish()
            } == .decodingFailed
        )
        #expect(
            code {
                var builder = builder()
                try builder.open(.array, count: 2)
                try builder.null()
                _ = try builder.finish()
            } == .decodingFailed
        )
        #expect(
            code {
                var builder = builder()
                try builder.null()
                try builder.null()
            } == .decodingFailed
        )
        for isTag in [true, false] {
            #expect(
                code {
                    var builder = builder()
                    try builder.open(.array, count: nil)
                    if isTag { try builder.tag(1) } else { try builder.open(.array, count: 1) }
                    try builder.close()
                } == .decodingFailed
            )
        }
        #expect(
            code {
                var builder = builder()
                try builder.openMap(count: nil)
                try builder.null()
                try builder.close()
            } == .decodingFailed
        )
        #expect(
            code {
                var builder = builder()
                try builder.close()
            } == .decodingFailed
        )
    }

    @Test("offsets outside of the message are refused", arguments: [(0, 4), (4, 1), (-1, 1), (0, -1), (.max, 1), (1, .max)])
    func offsets(offset: Int, count: Int) {
        #expect(
            code {
                var builder = builder("abc")
                try builder.bytes(at: offset, count: count)
            } == .decodingFailed
        )
    }

    @Test("declared counts cost nothing and are held to the limit", arguments: [17, Int(UInt32.max), .max, -1])
    func counts(count: Int) {
        let limits = DecodingLimits(tokens: 17)
        #expect(
            code {
                var builder = builder("", limits)
                try builder.open(.array, count: count)
            } == .limitExceeded
        )
        #expect(
            code {
                var builder = builder("", limits)
                try builder.openMap(count: count)
            } == .limitExceeded
        )
    }

    @Test("tags and containers count towards the depth")
    func depth() {
        #expect(
            code {
                var builder = builder()
                for _ in 0..<129 { try builder.tag(1) }
            } == .limitExceeded
        )
        #expect(
            code {
                var builder = builder("", DecodingLimits(depth: 100_000))
                for _ in 0..<513 { try builder.open(.array, count: 1) }
            } == .limitExceeded
        )
    }

    @Test("a key that comes twice is refused where asked, whatever its kind")
    func duplicates() throws {
        func build(_ first: Int64, _ second: Int64, _ limits: DecodingLimits) throws {
            var builder = builder("", limits)
            try builder.openMap(count: 2)
            for number in [first, second] {
                try builder.open(.tuple, count: nil)
                try builder.int(number)
                try builder.openMap(count: 1)
                try builder.bool(true)
                try builder.null()
                try builder.close()
                try builder.null()
            }
            _ = try builder.finish()
        }
        let strict = DecodingLimits(refusesDuplicateKeys: true)
        #expect(code { try build(1, 1, strict) } == .decodingFailed)
        #expect(code { try build(1, 2, strict) } == nil)
        #expect(code { try build(1, 1, DecodingLimits()) } == nil)
    }

    @Test("big integers lose leading zeros and become small ones where they fit")
    func bigIntegers() throws {
        func value(_ magnitude: [UInt8], isNegative: Bool = false) throws -> Value {
            var builder = builder()
            try magnitude.withUnsafeBytes { try builder.bigInteger(isNegative: isNegative, $0) }
            return try Value(builder.finish())
        }
        #expect(try value([]) == 0)
        #expect(try value([0, 0, 5], isNegative: true) == -5)
        #expect(try value([0x7F, 255, 255, 255, 255, 255, 255, 255]) == .int(.max))
        #expect(try value([0x80, 0, 0, 0, 0, 0, 0, 0]) == .bigInteger(BigInteger(UInt64(1) << 63)))
        #expect(try value([0, 0x80, 0, 0, 0, 0, 0, 0, 0], isNegative: true) == .int(.min))
        #expect(
            try value([0, 1, 0, 0, 0, 0, 0, 0, 0, 0]) == .bigInteger(BigInteger(isNegative: false, magnitude: [1, 0, 0, 0, 0, 0, 0, 0, 0]))
        )
    }

    @Test("text that is not UTF-8 is refused, at every place in a word")
    func text() {
        for position in 0..<20 {
            var bytes = [UInt8](repeating: 0x61, count: 20)
            bytes[position] = 0x80
            #expect(!bytes.withUnsafeBytes { isValidUTF8($0) })
            #expect(!bytes.prefix(position + 1).withUnsafeBytes { isValidUTF8($0) })
        }
        for text in ["", "a", "é", "日本語", "😀", "aaaaaaaé", "aaaaaaaaé", "\u{10FFFF}\u{7FF}\u{800}\u{FFFF}\u{10000}"] {
            #expect(Array(text.utf8).withUnsafeBytes { isValidUTF8($0) })
        }
    }
}
