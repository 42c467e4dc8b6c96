import NIOCore
import PatchbayCore
import Testing

@Suite struct ValueErgonomicsTests {
    @Test("literals are values")
    func literals() {
        let value: Value = ["task": "resize", "width": 640, "ratio": 1.5, "flag": true, "none": nil, "list": [1, "a", [2]], 7: "seven"]
        #expect(value["task"] == .string("resize"))
        #expect(value["width"] == .int(640))
        #expect(value["ratio"] == .double(1.5))
        #expect(value["flag"] == .bool(true))
        #expect(value["none"] == .null)
        #expect(value["list"] == .array([.int(1), .string("a"), .array([.int(2)])]))
        #expect(value[7] == .string("seven"))
        #expect(value["missing"] == nil)
        #expect("\(1 + 1) items" as Value == .string("2 items"))
    }

    @Test("subscripts read and change maps and sequences")
    func subscripts() {
        var value: Value = ["a": 1, "b": 2, "a": 3]
        #expect(value["a"] == 1)
        value["a"] = 4
        #expect(value == ["a": 4, "b": 2])
        value["c"] = "new"
        value["b"] = nil
        #expect(value == ["a": 4, "c": "new"])
        value["d"] = .null
        #expect(value["d"] == .null)
        var empty: Value = nil
        empty["x"] = 1
        #expect(empty == ["x": 1])
        let list: Value = [1, 2]
        #expect(list[0] == 1)
        #expect(list[2] == nil)
        #expect(list[-1] == nil)
        #expect(list["a"] == nil)
        #expect(Value.tuple([1])[0] == 1)
        #expect(Value.tagged(.number(1), [5])[0] == 5)
    }

    @Test("conversions give what is there, or nothing")
    func conversions() {
        #expect(Value(5).int == 5)
        #expect(Value(UInt64.max).int == nil)
        #expect(Value(UInt64.max).integer(as: UInt64.self) == .max)
        #expect(Value(Int128.min).integer(as: Int128.self) == .min)
        #expect(Value(300).integer(as: UInt8.self) == nil)
        #expect(Value("x").string == "x")
        #expect(Value("x").int == nil)
        #expect(Value(true).bool == true)
        #expect(Value(2).double == 2)
        #expect(Value(bytes: [1, 2]).bytes == ByteBuffer(bytes: [1, 2]))
        #expect(Value.set([1]).elements == [1])
        #expect(Value(["b": 1, "a": 2]) == ["a": 2, "b": 1])
        #expect(Value.null.isNull)
        #expect(Value([Value(1), "a"]) == [1, "a"])
    }

    @Test("a value reads well when printed")
    func descriptions() {
        let value: Value = [
            "a": [1, 2.5, nil, true], "q\"": .tuple([1]), 3: .bytes(ByteBuffer(bytes: [0, 255])), "s": .set(["x\n"]),
            "t": .tagged(.name("bytearray"), 1), "g": .global(module: "builtins", name: "float"), "b": Value(UInt128(1) << 64),
        ]
        #expect(
            "\(value)"
                == #"{"a": [1, 2.5, null, true], "q\"": (1,), 3: bytes(00ff), "s": set("x\n"), "t": bytearray(1), "g": builtins.float, "b": 18446744073709551616}"#
        )
    }

    @Test("big integers convert and print as arithmetic says")
    func bigIntegers() {
        for number in [
            Int128(0), 1, -1, 255, 256, -256, 1 << 64, -(1 << 64), .max, .min, 1_000_000_000_000_000_000, 999_999_999_999_999_999,
        ] {
            #expect(BigInteger(number).description == "\(number)")
            #expect(Int128(exactly: BigInteger(number)) == number)
            #expect(Double(BigInteger(number)) == Double(number))
            #expect(Array("\(number)".utf8).withUnsafeBytes { BigInteger(decimal: $0) } == BigInteger(number))
        }
        #expect(Int64(exactly: BigInteger(Int128(Int64.max) + 1)) == nil)
        #expect(UInt64(exactly: BigInteger(-1)) == nil)
        let huge = BigInteger(isNegative: false, magnitude: [1] + [UInt8](repeating: 0, count: 128))
        #expect(Double(huge) == .infinity)
        #expect(Double(BigInteger(isNegative: true, magnitude: [1] + [UInt8](repeating: 0, count: 100))) == -0x1p800)
        #expect(BigInteger(isNegative: false, magnitude: [UInt8](repeating: 255, count: 4000)).decimal == nil)
    }
}
