import Foundation
import NIOCore
import PatchbayCore
import PatchbayJSON
import Testing

@Suite struct ValueTests {
    @Test(
        "JSON is echoed through Value as it came",
        arguments: [
            "null", "[1,2.5,\"x\",true,null,{}]", #"{"b":1,"a":{"z":[],"y":[[]]},"b":2}"#, "18446744073709551616", "1e400", "-0.0",
            "\"é😀\"",
            #"{"":""}"#, "[[[[[[1]]]]]]", #""\\\"\u0001\n""#,
        ]
    )
    func echo(json: String) throws {
        #expect(try text(value(json)) == json)
        #expect(try text(decode(Value.self, json)) == json)
        #expect(try text(["v": decode(Value.self, json)]) == "{\"v\":\(json)}")
    }

    @Test("deep nesting closes as it opened")
    func deepEcho() throws {
        let codec = JSONCodec(limits: DecodingLimits(depth: 512))
        for depth in [63, 64, 65, 127, 128, 129, 200, 255] {
            let json = String(repeating: #"{"a":[1,"#, count: depth) + "2" + String(repeating: "]}", count: depth)
            #expect(try text(value(json, codec)) == json)
        }
    }

    struct Inexpressible: CustomTestStringConvertible, Sendable {
        var value: Value
        var words: String
        var testDescription: String { words }
    }

    @Test(
        "what JSON cannot say is an error that names it",
        arguments: [
            Inexpressible(value: .double(.nan), words: "nan"), Inexpressible(value: .double(-.infinity), words: "-inf"),
            Inexpressible(value: .float(.infinity), words: "inf"), Inexpressible(value: [1: 2], words: "key is an integer"),
            Inexpressible(value: [nil: 2], words: "key is null"), Inexpressible(value: [true: 2], words: "key is a bool"),
            Inexpressible(value: [1.5: 2], words: "key is a number"), Inexpressible(value: [[1]: 2], words: "key is a container"),
            Inexpressible(value: .map(ValueMap([.init(.bytes(ByteBuffer()), 1)])), words: "key is bytes"),
            Inexpressible(value: .tagged(.number(2), 1), words: "tag"),
            Inexpressible(value: .tagged(.name("bytearray"), 1), words: "bytearray"),
            Inexpressible(value: .extension(type: 5, ByteBuffer()), words: "extension types (5)"),
            Inexpressible(value: .simple(23), words: "simple values (23)"),
            Inexpressible(value: .global(module: "builtins", name: "float"), words: "builtins.float"),
        ]
    )
    func inexpressible(_ example: Inexpressible) {
        let error = failure { try text(["v": example.value] as Value) }
        #expect(error?.code == .encodingFailed)
        #expect(error?.message.contains(example.words) == true, "\(error?.message ?? "nothing thrown")")
    }

    @Test("tuples and sets are written as arrays")
    func sequences() throws {
        #expect(try text(Value.tuple([1, .set([2])])) == "[1,[2]]")
    }

    @Test("Value passes through Foundation's coders as well as JSON can say")
    func foreign() throws {
        let original: Value = ["a": [1, 2.5, "x", true, nil], "b": ["c": 18446744073709551615.0]]
        let data = try JSONEncoder().encode(original)
        let back = try JSONDecoder().decode(Value.self, from: data)
        #expect(back["a"] == [1, 2.5, "x", true, nil])
    }

    static let notations: [(Value, String)] = [
        (nil, "null"), (1, "1"), (1.0, "1.0"), ("x", #""x""#), (.bytes(ByteBuffer(string: "foobar")), #"{"$bytes":"Zm9vYmFy"}"#),
        (.tuple([1, 2]), #"{"$tuple":[1,2]}"#), (.set([1]), #"{"$set":[1]}"#), ([1: "a"], #"{"$map":[[1,"a"]]}"#),
        (["$bytes": "x"], #"{"$map":[["$bytes","x"]]}"#), (["a$": 1], #"{"a$":1}"#), (.map(ValueMap()), "{}"),
        (.tagged(.number(1), 2), #"{"$tag":[1,2]}"#), (.tagged(.number(.max), 2), #"{"$tag":[18446744073709551615,2]}"#),
        (.tagged(.name("bytearray"), .bytes(ByteBuffer())), #"{"$tag":["bytearray",{"$bytes":""}]}"#),
        (.extension(type: -1, ByteBuffer(string: "foo")), #"{"$ext":[-1,"Zm9v"]}"#),
        (.global(module: "builtins", name: "float"), #"{"$global":"builtins.float"}"#),
        (.global(module: "os.path", name: "join"), #"{"$global":"os.path.join"}"#),
        (.global(module: "a", name: "B.c"), #"{"$global":["a","B.c"]}"#), (.simple(23), #"{"$simple":23}"#),
        (.double(.infinity), #"{"$float":"inf"}"#), (.double(-.infinity), #"{"$float":"-inf"}"#), (.float(0.5), #"{"$float32":0.5}"#),
        (.float(.infinity), #"{"$float32":"inf"}"#), (.number("1e400"), "1e400"), (.number("0.50"), #"{"$number":"0.50"}"#),
        (.bigInteger(BigInteger(UInt64.max)), "18446744073709551615"), ([.tuple([]): .set([])], #"{"$map":[[{"$tuple":[]},{"$set":[]}]]}"#),
        ([["a": .tuple([nil])]], #"[{"a":{"$tuple":[null]}}]"#),
    ]

    @Test("the notation says any value, and reads it back", arguments: notations)
    func notation(value: Value, line: String) throws {
        #expect(try JSONNotation.print(value) == line)
        #expect(try JSONNotation.parse(line) == value)
    }

    @Test("a NaN keeps its bits in the notation")
    func notANumber() throws {
        for bits: UInt64 in [Double.nan.bitPattern, 0x7FF0_0000_0000_0001, 0xFFF8_0000_0000_1234] {
            let line = try JSONNotation.print([.double(Double(bitPattern: bits))])
            guard case .array(let elements) = try JSONNotation.parse(line), case .double(let back)? = elements.first else {
                Issue.record("\(line)")
                continue
            }
            #expect(back.bitPattern == bits)
        }
        #expect(try JSONNotation.print(.double(.nan)) == #"{"$float":"nan"}"#)
    }

    @Test(
        "a form that the notation does not have is refused",
        arguments: [
            #"{"$x":1}"#, #"{"$bytes":1}"#, #"{"$bytes":"?"}"#, #"{"$tuple":1}"#, #"{"$map":[[1]]}"#, #"{"$map":{}}"#, #"{"$tag":[1]}"#,
            #"{"$tag":[-1,2]}"#, #"{"$ext":[200,""]}"#, #"{"$simple":256}"#, #"{"$global":"x"}"#, #"{"$float":"x"}"#,
            #"{"$bytes":"","a":1}"#,
        ]
    )
    func badNotation(line: String) {
        #expect(failure { try JSONNotation.parse(line) }?.code == .decodingFailed)
    }
}
