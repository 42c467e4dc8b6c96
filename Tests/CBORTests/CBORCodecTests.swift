internal import CodecTestSupport
internal import NIOCore
internal import PatchbayCBOR
internal import PatchbayCore
internal import Testing

@Suite struct CBORCodecTests {
    @Test("values come back as what they were, type for type")
    func echo() throws {
        let codec = CBORCodec()
        let values: [Value] = [
            .float(1.5), .double(1.5), .float(0.1), .double(0.1), .double(-0.0), .set([.int(3), .int(1)]), .set([]),
            .tagged(.number(258), .int(1)), .tagged(.number(.max), .pairs((.null, .simple(0)))),
            .pairs((.array([.int(1)]), .bool(true)), (.array([.int(1)]), .bool(false))),
            .bigInteger(BigInteger(isNegative: true, magnitude: [0x80, 0, 0, 0, 0, 0, 0, 1])),
            .bigInteger(BigInteger(isNegative: true, magnitude: [1] + [UInt8](repeating: 0, count: 32))),
            .bigInteger(BigInteger(isNegative: false, magnitude: [UInt8](repeating: 0xFF, count: 33))),
        ]
        for value in values { #expect(try codec.decodeValue(from: codec.message(of: value)) == value) }
    }

    @Test(
        "bignums that fit are small integers, and leading zeros do not count (section 3.4.3)",
        arguments: [
            ("c240", .int(0)), ("c340", .int(-1)), ("c24101", .int(1)), ("c3420001", .int(-2)), ("c2487fffffffffffffff", .int(.max)),
            ("c3487fffffffffffffff", .int(.min)), ("c25f4101420002ff", .int(65_538)), ("c35f4100ff", .int(-1)),
            ("c341ff", .int(-256)),
        ] as [(String, Value)]
    )
    func smallBignums(_ hexadecimal: String, _ value: Value) throws {
        #expect(try CBORCodec().value(of: hexadecimal) == value)
    }

    @Test(
        "forms longer than needed are read",
        arguments: [
            ("1800", .int(0)), ("190000", .int(0)), ("1a00000000", .int(0)), ("1b0000000000000000", .int(0)),
            ("3b0000000000000000", .int(-1)),
            ("780161", .string("a")), ("590001ff", .hex("ff")), ("980100", .array([.int(0)])), ("b900010001", .pairs((.int(0), .int(1)))),
            ("d80100", .tagged(.number(1), .int(0))), ("d9000100", .tagged(.number(1), .int(0))), ("5fff", .hex("")), ("7fff", .string("")),
            ("bfff", .pairs()), ("d901029f01ff", .set([.int(1)])), ("da0000010280", .set([])),
        ] as [(String, Value)]
    )
    func longForms(_ hexadecimal: String, _ value: Value) throws {
        #expect(try CBORCodec().value(of: hexadecimal) == value)
    }

    @Test("every 16-bit float has the value of IEEE 754, and is written back as it was")
    func halves() throws {
        let codec = CBORCodec()
        for bits in UInt16.min ... .max {
            let message = ByteBuffer(bytes: [0xF9, UInt8(bits >> 8), UInt8(bits & 0xFF)])
            guard case .float(let value) = try codec.decodeValue(from: message) else {
                Issue.record("\(bits)")
                continue
            }
            // RFC 8949, appendix D.
            let exponent = Int(bits >> 10 & 0x1F)
            let mantissa = Double(bits & 0x3FF)
            let magnitude =
                exponent == 0 ? mantissa * 0x1p-24 : (mantissa + 1024) * Double(sign: .plus, exponent: exponent - 25, significand: 1)
            if exponent != 31 {
                #expect(Double(value) == (bits & 0x8000 == 0 ? magnitude : -magnitude))
            } else {
                #expect(mantissa == 0 ? value.isInfinite : value.isNaN)
            }
            #expect(try codec.message(of: .float(value)) == message)
        }
    }

    @Test(
        "a float that 16 bits cannot hold keeps 32",
        arguments: [
            ("fa477fe001", Float(bitPattern: 0x477F_E001)), ("fa47800000", 65_536), ("fa33000000", 0x1p-25),
            ("fa33c00001", Float(bitPattern: 0x33C0_0001)),
            ("fa38800001", Float(bitPattern: 0x3880_0001)), ("fa00000001", .leastNonzeroMagnitude),
            ("fa7f800001", Float(bitPattern: 0x7F80_0001)),
        ] as [(String, Float)]
    )
    func floats(_ hexadecimal: String, _ value: Float) throws {
        #expect(try CBORCodec().message(of: .float(value)).hexadecimal == hexadecimal)
    }

    @Test(
        "shortest floats keep the value",
        arguments: [
            ("f93c00", 1), ("fa47c35000", 100_000), ("fb3ff199999999999a", 1.1), ("f90001", 0x1p-24), ("fa33000000", 0x1p-25),
            ("fa00000001", 0x1p-149), ("fb3690000000000000", 0x1p-150), ("fb47f0000000000000", 0x1p128), ("f98000", -0.0),
            ("fb7ff8000000000001", Double(bitPattern: 0x7FF8_0000_0000_0001)), ("fa7fc00001", Double(bitPattern: 0x7FF8_0000_2000_0000)),
        ] as [(String, Double)]
    )
    func shortest(_ hexadecimal: String, _ value: Double) throws {
        #expect(try CBORCodec(floats: .shortest).message(of: .double(value)).hexadecimal == hexadecimal)
    }

    @Test(
        "a count that comes at the end gives the same message as one that was known",
        arguments: [0, 1, 23, 24, 255, 256, 65_535, 65_536]
    )
    func lateCounts(_ count: Int) throws {
        var writers = [CBORWriter(ByteBuffer(string: "x")), CBORWriter(ByteBuffer(string: "x"))]
        for (index, known) in [count, nil].enumerated() {
            try writers[index].beginMap(count: known.map { _ in 2 })
            try writers[index].int(1)
            try writers[index].beginSequence(.set, count: known)
            for element in 0..<count { try writers[index].int(Int64(element)) }
            try writers[index].endSequence(.set, count: count)
            try writers[index].int(2)
            try writers[index].beginMap(count: known)
            for element in 0..<count {
                try writers[index].int(Int64(element))
                try writers[index].null()
            }
            try writers[index].endMap(count: count)
            try writers[index].endMap(count: 2)
        }
        let known = try writers[0].finish()
        #expect(try writers[1].finish() == known)
        #expect(known.readableBytesView.first == UInt8(ascii: "x"))
    }

    @Test("what CBOR has no form for is refused by name, and leaves the buffer as it was")
    func inexpressible() throws {
        let cases: [(Value, String)] = [
            (.number("1e400"), "1e400"), (.tagged(.name("bytearray"), .null), "bytearray"), (.extension(type: 7, ByteBuffer()), "7"),
            (.simple(24), "simple(24)"), (.global(module: "builtins", name: "float"), "builtins.float"),
        ]
        for (value, word) in cases {
            var buffer = ByteBuffer(string: "before")
            #expect {
                try CBORCodec().encode(.array([.int(1), value]), into: &buffer)
            } throws: { error in
                guard let error = error as? PatchbayError else { return false }
                return error.code == .encodingFailed && error.message.contains(word) && error.layer == "cbor"
            }
            #expect(buffer == ByteBuffer(string: "before"))
        }
    }

    @Test("20,000 inputs are refused or echoed")
    func fuzzing() throws {
        fuzz(CBORCodec(), from: CBORAppendixATests.all.map { ByteBuffer(hexadecimal: $0.hexadecimal) })
    }
}
