import NIOCore
import PatchbayCore
import Testing

/// What codecs are told, word for word.
@Suite struct TokenEncoderTests {
    struct Point: Encodable {
        var x = 1, y: UInt64 = .max, z: Float = 0.5, name: String? = "n", none: Int?, raw: [UInt8] = [1, 2], list = [1.5]
    }
    enum IntegerKeyed: Int, CodingKey { case a = 1, b = 2 }
    struct Compact: Encodable {
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: IntegerKeyed.self)
            try container.encode(true, forKey: .a)
            try container.encode(Int128.max, forKey: .b)
        }
    }

    @Test("a struct is a map of its fields, with counts at the end")
    func structs() throws {
        #expect(
            try RecordingCodec().words(Point())
                == "map?{ 'x' 1 'y' 18446744073709551615u 'z' 0.5f 'name' 'n' 'raw' bytes[1,2] 'list' array1[ 1.5 ]1 }6"
        )
    }

    @Test("dictionaries by integers have integers as keys, those by text have text, even where it reads as a number")
    func integerKeys() throws {
        #expect(try RecordingCodec().words([1: "a"]) == "map?{ 1 'a' }1")
        #expect(try RecordingCodec().words(["1": "a"]) == "map?{ '1' 'a' }1")
        #expect(try RecordingCodec().words(["k": ["1": [2: 3]]]) == "map?{ 'k' map?{ '1' map?{ 2 3 }1 }1 }1")
        #expect(try RecordingCodec().words(Compact()) == "map?{ 1 true 2 big170141183460469231731687303715884105727 }2")
    }

    @Test("a value passes through as it is, also inside other types")
    func passthrough() throws {
        let value: Value = .tuple([.tagged(.name("frozenset"), .set([1])), .simple(3), [2: .number("1e400")], .float(1)])
        let words = "tuple4[ name(\"frozenset\") set1[ 1 ]1 simple3 map1{ 2 number:1e400 }1 1.0f ]4"
        #expect(try RecordingCodec().words(value) == words)
        #expect(try RecordingCodec().words(["v": value]) == "map?{ 'v' \(words) }1")
        #expect(try RecordingCodec().words([value]) == "array?[ \(words) ]1")
    }

    @Test("a value that encodes nothing is an empty map")
    func nothing() throws {
        struct Nothing: Encodable { func encode(to encoder: any Encoder) throws {} }
        #expect(try RecordingCodec().words(Nothing()) == "map0{ }0")
        #expect(try RecordingCodec().words([Nothing()]) == "array?[ map0{ }0 ]1")
        #expect(try RecordingCodec().words([[Point]]()) == "array0[ ]0")
    }

    @Test("a type that throws gives its error as the cause")
    func throwing() {
        struct Broken: Error {}
        struct Throwing: Encodable { func encode(to encoder: any Encoder) throws { throw Broken() } }
        do {
            _ = try RecordingCodec().words([Throwing()])
            Issue.record("nothing was thrown")
        } catch {
            let error = error as? PatchbayError
            #expect(error?.code == .encodingFailed)
            #expect(error?.cause is Broken)
        }
    }
}
