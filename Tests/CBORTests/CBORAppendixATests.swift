internal import CodecTestSupport
internal import NIOCore
internal import PatchbayCBOR
internal import PatchbayCore
internal import Testing

/// RFC 8949, appendix A: examples of encoded data items.
@Suite struct CBORAppendixATests {
    struct Example: Sendable, CustomTestStringConvertible {
        let hexadecimal: String
        let value: Value
        /// What is written for the value: the same, but where the appendix shows another serialization than the preferred.
        let preferred: String

        init(_ hexadecimal: String, _ value: Value, preferred: String? = nil) {
            self.hexadecimal = hexadecimal
            self.value = value
            self.preferred = preferred ?? hexadecimal
        }

        var testDescription: String { hexadecimal }
    }

    static func big(_ magnitude: [UInt8], isNegative: Bool = false) -> Value {
        .bigInteger(BigInteger(isNegative: isNegative, magnitude: magnitude))
    }

    static func tagged(_ number: UInt64, _ value: Value) -> Value { .tagged(.number(number), value) }

    static let twoTo64: [UInt8] = [1, 0, 0, 0, 0, 0, 0, 0, 0]

    static let integers: [Example] = [
        Example("00", .int(0)), Example("01", .int(1)), Example("0a", .int(10)), Example("17", .int(23)), Example("1818", .int(24)),
        Example("1819", .int(25)), Example("1864", .int(100)), Example("1903e8", .int(1000)), Example("1a000f4240", .int(1_000_000)),
        Example("1b000000e8d4a51000", .int(1_000_000_000_000)),
        Example("1bffffffffffffffff", big([UInt8](repeating: 0xFF, count: 8))),
        Example("c249010000000000000000", big(twoTo64)),
        Example("3bffffffffffffffff", big(twoTo64, isNegative: true)),
        Example("c349010000000000000000", big([1, 0, 0, 0, 0, 0, 0, 0, 1], isNegative: true)),
        Example("20", .int(-1)), Example("29", .int(-10)), Example("3863", .int(-100)), Example("3903e7", .int(-1000)),
    ]

    static let floats: [Example] = [
        Example("f90000", .float(0)), Example("f98000", .float(-0.0)), Example("f93c00", .float(1)),
        Example("fb3ff199999999999a", .double(1.1)), Example("f93e00", .float(1.5)), Example("f97bff", .float(65_504)),
        Example("fa47c35000", .float(100_000)), Example("fa7f7fffff", .float(3.402_823_466_385_288_6e+38)),
        Example("fb7e37e43c8800759c", .double(1.0e+300)), Example("f90001", .float(5.960_464_477_539_063e-8)),
        Example("f90400", .float(0.000_061_035_156_25)), Example("f9c400", .float(-4)), Example("fbc010666666666666", .double(-4.1)),
        Example("f97c00", .float(.infinity)), Example("f9fc00", .float(-.infinity)),
        Example("fa7f800000", .float(.infinity), preferred: "f97c00"), Example("faff800000", .float(-.infinity), preferred: "f9fc00"),
        Example("fb7ff0000000000000", .double(.infinity), preferred: "f97c00"),
        Example("fbfff0000000000000", .double(-.infinity), preferred: "f9fc00"),
    ]

    static let simples: [Example] = [
        Example("f4", .bool(false)), Example("f5", .bool(true)), Example("f6", .null), Example("f7", .simple(23)),
        Example("f0", .simple(16)), Example("f8ff", .simple(255)),
    ]

    static let tags: [Example] = [
        Example("c074323031332d30332d32315432303a30343a30305a", tagged(0, .string("2013-03-21T20:04:00Z"))),
        Example("c11a514b67b0", tagged(1, .int(1_363_896_240))), Example("c1fb41d452d9ec200000", tagged(1, .double(1_363_896_240.5))),
        Example("d74401020304", tagged(23, .hex("01020304"))), Example("d818456449455446", tagged(24, .hex("6449455446"))),
        Example("d82076687474703a2f2f7777772e6578616d706c652e636f6d", tagged(32, .string("http://www.example.com"))),
    ]

    static let strings: [Example] = [
        Example("40", .hex("")), Example("4401020304", .hex("01020304")), Example("60", .string("")), Example("6161", .string("a")),
        Example("6449455446", .string("IETF")), Example("62225c", .string("\"\\")), Example("62c3bc", .string("\u{00fc}")),
        Example("63e6b0b4", .string("\u{6c34}")), Example("64f0908591", .string("\u{10151}")),
        Example("5f42010243030405ff", .hex("0102030405"), preferred: "450102030405"),
        Example("7f657374726561646d696e67ff", .string("streaming"), preferred: "6973747265616d696e67"),
    ]

    static let nested = Value.array([.int(1), .array([.int(2), .int(3)]), .array([.int(4), .int(5)])])
    static let to25 = Value.array((1...25).map { .int($0) })
    static let letters = Value.pairs((.string("a"), .int(1)), (.string("b"), .array([.int(2), .int(3)])))
    static let mixed = Value.array([.string("a"), .pairs((.string("b"), .string("c")))])

    static let containers: [Example] = [
        Example("80", .array([])), Example("83010203", .array([.int(1), .int(2), .int(3)])), Example("8301820203820405", nested),
        Example("98190102030405060708090a0b0c0d0e0f101112131415161718181819", to25),
        Example("a0", .pairs()), Example("a201020304", .pairs((.int(1), .int(2)), (.int(3), .int(4)))),
        Example("a26161016162820203", letters), Example("826161a161626163", mixed),
        Example(
            "a56161614161626142616361436164614461656145",
            .map(
                ValueMap(
                    "abcde".map {
                        ValueMap.Pair(.string(String($0)), .string($0.uppercased()))
                    }
                )
            )
        ),
        Example("9fff", .array([]), preferred: "80"),
        Example("9f018202039f0405ffff", nested, preferred: "8301820203820405"),
        Example("9f01820203820405ff", nested, preferred: "8301820203820405"),
        Example("83018202039f0405ff", nested, preferred: "8301820203820405"),
        Example("83019f0203ff820405", nested, preferred: "8301820203820405"),
        Example(
            "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff",
            to25,
            preferred: "98190102030405060708090a0b0c0d0e0f101112131415161718181819"
        ),
        Example("bf61610161629f0203ffff", letters, preferred: "a26161016162820203"),
        Example("826161bf61626163ff", mixed, preferred: "826161a161626163"),
        Example(
            "bf6346756ef563416d7421ff",
            .pairs((.string("Fun"), .bool(true)), (.string("Amt"), .int(-2))),
            preferred: "a26346756ef563416d7421"
        ),
    ]

    static let all = integers + floats + simples + tags + strings + containers

    @Test("every example is read, and written in preferred serialization", arguments: all)
    func examples(_ example: Example) throws {
        let codec = CBORCodec(floats: .shortest)
        let value = try codec.value(of: example.hexadecimal)
        #expect(value == example.value)
        #expect(try codec.message(of: value).hexadecimal == example.preferred)
    }

    @Test("a message in preferred serialization is echoed byte for byte, with doubles kept", arguments: all)
    func echo(_ example: Example) throws {
        let codec = CBORCodec()
        let value = try codec.value(of: example.hexadecimal)
        let echo = try codec.message(of: value)
        if case .double = value {
            #expect(echo.hexadecimal == example.hexadecimal)
        } else {
            #expect(echo.hexadecimal == example.preferred)
        }
        #expect(try codec.decodeValue(from: echo) == value)
    }

    @Test("NaNs of every width are read and written", arguments: ["f97e00", "fa7fc00000", "fb7ff8000000000000"])
    func notANumber(_ hexadecimal: String) throws {
        let value = try CBORCodec().value(of: hexadecimal)
        switch value {
        case .float(let float): #expect(float.isNaN && !hexadecimal.hasPrefix("fb"))
        case .double(let double): #expect(double.isNaN && hexadecimal.hasPrefix("fb"))
        default: Issue.record("\(value)")
        }
        #expect(try CBORCodec(floats: .shortest).message(of: value).hexadecimal == "f97e00")
    }

    /// RFC 7049 had the example f818 for simple(24); RFC 8949 calls it not well-formed and the value unassigned.
    @Test("simple values that no longer exist are not written", arguments: [20, 21, 22, 24, 31] as [UInt8])
    func reservedSimples(_ value: UInt8) {
        #expect(code { try CBORCodec().message(of: .simple(value)) } == .encodingFailed)
    }
}
