import NIOCore
import PatchbayCore
import PatchbayJSON
import Testing

@Suite struct LimitTests {
    @Test("containers deeper than the limit are refused, up to it read")
    func depth() throws {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        #expect(try value(nested(128)) != nil)
        #expect(failure { try value(nested(129)) }?.code == .limitExceeded)
        let shallow = JSONCodec(limits: DecodingLimits(depth: 2))
        #expect(try value("[[1]]", shallow) == [[1]])
        #expect(failure { try value("[[[]]]", shallow) }?.code == .limitExceeded)
        #expect(failure { try value(#"{"a":{"b":{}}}"#, shallow) }?.code == .limitExceeded)
        let deepest = JSONCodec(limits: DecodingLimits(depth: .max))
        #expect(try value(nested(512), deepest) != nil)
        #expect(failure { try value(nested(513), deepest) }?.code == .limitExceeded)
    }

    @Test("bombs of a million brackets are refused at once", arguments: ["[", "{\"a\":", "[{\"a\":", "[[],"])
    func bombs(unit: String) {
        let bomb = String(repeating: unit, count: 1_000_000)
        #expect(failure { try value(bomb) }?.code == .limitExceeded)
        #expect(failure { try decode([Int].self, bomb) }?.code == .limitExceeded)
    }

    @Test("values beyond the limit are refused")
    func tokens() throws {
        let small = JSONCodec(limits: DecodingLimits(tokens: 5))
        #expect(try value("[1,2,3,4]", small) == [1, 2, 3, 4])
        #expect(failure { try value("[1,2,3,4,5]", small) }?.code == .limitExceeded)
    }

    @Test("a tape holds no more than 16 bytes for each value and as much text as came")
    func memory() throws {
        let escapes = "[" + Array(repeating: #""\u0041\n""#, count: 10_000).joined(separator: ",") + "]"
        let tape = try JSONCodec().read(ByteBuffer(string: escapes))
        #expect(tape.tokens.count == 10_001)
        #expect(tape.arena.readableBytes == 20_000)
        #expect(MemoryLayout<Token>.stride == 16)
    }

    @Test("a value too deep for any reader is not written")
    func deepValue() {
        var value: Value = 1
        for _ in 0..<600 { value = [value] }
        #expect(failure { try text(value) }?.code == .limitExceeded)
        #expect(failure { try text(["v": value]) }?.code == .limitExceeded)
    }

    @Test("duplicate keys are kept in order, or refused by option")
    func duplicates() throws {
        let strict = JSONCodec(limits: DecodingLimits(refusesDuplicateKeys: true))
        #expect(try value(#"{"a":1,"a":2}"#)["a"] == 1)
        for twice in [#"{"a":1,"a":2}"#, #"[{"b":{"a":1,"c":2,"a":3}}]"#, #"{"a":1,"\u0061":2}"#, #"{"":1,"":2}"#] {
            let error = failure { try value(twice, strict) }
            #expect(error?.code == .decodingFailed)
            #expect(error?.message.contains("comes twice") == true)
        }
        for once in [#"{"a":1,"b":{"a":1}}"#, #"[{"a":1},{"a":1}]"#, "{}"] { #expect(try text(value(once, strict)) == once) }
    }

    @Test("a dictionary read from a large object takes time in proportion to it")
    func largeObject() throws {
        let json = "{" + (0..<100_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",") + "}"
        let dictionary = try decode([String: Int].self, json)
        #expect(dictionary.count == 100_000)
        #expect(dictionary["k99999"] == 99_999)
    }

    @Test("the plugin registers one codec, with its options")
    func plugin() {
        let plugin = JSONPlugin()
        #expect(plugin.name == "json")
    }
}
