internal import CodecTestSupport
internal import NIOCore
internal import PatchbayCore
internal import PatchbayMessagePack
internal import Testing

/// https://github.com/msgpack/msgpack/blob/master/spec.md, format by format.
@Suite struct MessagePackFormatTests {
    struct Format: Sendable, CustomTestStringConvertible {
        let hexadecimal: String
        let value: Value

        init(_ hexadecimal: String, _ value: Value) {
            self.init(hexadecimal, "", value)
        }

        init(_ head: String, _ body: String, _ value: Value) {
            hexadecimal = head + body
            self.value = value
        }

        var testDescription: String { String(hexadecimal.prefix(24)) }
    }

    static func zeros(_ count: Int) -> String { String(repeating: "00", count: count) }
    static func letters(_ count: Int) -> String { String(repeating: "61", count: count) }
    static func text(_ count: Int) -> Value { .string(String(repeating: "a", count: count)) }
    static func array(_ count: Int) -> Value { .array([Value](repeating: .int(0), count: count)) }
    static func map(_ count: Int) -> Value { .map(ValueMap([ValueMap.Pair](repeating: .init(.int(0), .int(0)), count: count))) }
    static func big(_ magnitude: [UInt8]) -> Value { .bigInteger(BigInteger(isNegative: false, magnitude: magnitude)) }

    static let scalars: [Format] = [
        Format("c0", .null), Format("c2", .bool(false)), Format("c3", .bool(true)),
        Format("00", .int(0)), Format("7f", .int(127)), Format("ff", .int(-1)), Format("e0", .int(-32)),
        Format("cc80", .int(128)), Format("ccff", .int(255)), Format("cd0100", .int(256)), Format("cdffff", .int(65_535)),
        Format("ce00010000", .int(65_536)), Format("ceffffffff", .int(4_294_967_295)),
        Format("cf0000000100000000", .int(4_294_967_296)), Format("cf7fffffffffffffff", .int(.max)),
        Format("cf8000000000000000", big([0x80, 0, 0, 0, 0, 0, 0, 0])),
        Format("cfffffffffffffffff", big([UInt8](repeating: 0xFF, count: 8))),
        Format("d0df", .int(-33)), Format("d080", .int(-128)), Format("d1ff7f", .int(-129)), Format("d18000", .int(-32_768)),
        Format("d2ffff7fff", .int(-32_769)), Format("d280000000", .int(-2_147_483_648)),
        Format("d3ffffffff7fffffff", .int(-2_147_483_649)), Format("d38000000000000000", .int(.min)),
        Format("ca3fc00000", .float(1.5)), Format("ca7f800000", .float(.infinity)),
        Format("cb3ff8000000000000", .double(1.5)), Format("cb8000000000000000", .double(-0.0)),
    ]

    static let strings: [Format] = [
        Format("a0", .string("")), Format("a161", .string("a")), Format("a6e6b0b4c3bc21", .string("水ü!")),
        Format("bf", letters(31), text(31)), Format("d920", letters(32), text(32)), Format("d9ff", letters(255), text(255)),
        Format("da0100", letters(256), text(256)), Format("daffff", letters(65_535), text(65_535)),
        Format("db00010000", letters(65_536), text(65_536)),
        Format("c400", .hex("")), Format("c403010203", .hex("010203")), Format("c4ff", zeros(255), .hex(zeros(255))),
        Format("c50100", zeros(256), .hex(zeros(256))), Format("c5ffff", zeros(65_535), .hex(zeros(65_535))),
        Format("c600010000", zeros(65_536), .hex(zeros(65_536))),
    ]

    static let containers: [Format] = [
        Format("90", array(0)), Format("93010203", .array([.int(1), .int(2), .int(3)])), Format("9f", zeros(15), array(15)),
        Format("dc0010", zeros(16), array(16)), Format("dcffff", zeros(65_535), array(65_535)),
        Format("dd00010000", zeros(65_536), array(65_536)),
        Format("80", map(0)),
        // The example of msgpack.org.
        Format("82a7636f6d70616374c3a6736368656d6100", .pairs((.string("compact"), .bool(true)), (.string("schema"), .int(0)))),
        Format("8201c00190", .pairs((.int(1), .null), (.int(1), .array([])))),
        Format("8190c2", .pairs((.array([]), .bool(false)))),
        Format("8f", zeros(30), map(15)), Format("de0010", zeros(32), map(16)), Format("deffff", zeros(131_070), map(65_535)),
        Format("df00010000", zeros(131_072), map(65_536)),
    ]

    static let extensions: [Format] = [
        Format("d405", "aa", .extension(type: 5, ByteBuffer(hexadecimal: "aa"))),
        Format("d580", "aabb", .extension(type: -128, ByteBuffer(hexadecimal: "aabb"))),
        Format("d67f", zeros(4), .extension(type: 127, ByteBuffer(hexadecimal: zeros(4)))),
        Format("d705", zeros(8), .extension(type: 5, ByteBuffer(hexadecimal: zeros(8)))),
        Format("d805", zeros(16), .extension(type: 5, ByteBuffer(hexadecimal: zeros(16)))),
        Format("c70005", .extension(type: 5, ByteBuffer())),
        Format("c70305", "010203", .extension(type: 5, ByteBuffer(hexadecimal: "010203"))),
        Format("c7ff05", zeros(255), .extension(type: 5, ByteBuffer(hexadecimal: zeros(255)))),
        Format("c8010005", zeros(256), .extension(type: 5, ByteBuffer(hexadecimal: zeros(256)))),
        Format("c90001000005", zeros(65_536), .extension(type: 5, ByteBuffer(hexadecimal: zeros(65_536)))),
        // Timestamps of 32, 64 and 96 bits.
        Format("d6ff", "5f5e1000", .extension(type: -1, ByteBuffer(hexadecimal: "5f5e1000"))),
        Format("d7ff", "ee6b27fc5f5e1000", .extension(type: -1, ByteBuffer(hexadecimal: "ee6b27fc5f5e1000"))),
        Format("c70cff", zeros(12), .extension(type: -1, ByteBuffer(hexadecimal: zeros(12)))),
    ]

    @Test("every format is written as the specification says, and read back", arguments: scalars + strings + containers + extensions)
    func formats(_ format: Format) throws {
        let codec = MessagePackCodec()
        #expect(try codec.value(of: format.hexadecimal) == format.value)
        #expect(try codec.message(of: format.value).hexadecimal == format.hexadecimal)
    }

    @Test(
        "forms longer than needed are read",
        arguments: [
            Format("cc00", .int(0)), Format("cd0000", .int(0)), Format("ce00000000", .int(0)), Format("cf0000000000000000", .int(0)),
            Format("d000", .int(0)), Format("d10001", .int(1)), Format("d2ffffffff", .int(-1)), Format("d30000000000000001", .int(1)),
            Format("d90161", .string("a")), Format("da000161", .string("a")), Format("db0000000161", .string("a")),
            Format("c50000", .hex("")), Format("c600000000", .hex("")),
            Format("dc000100", array(1)), Format("dd0000000100", array(1)), Format("de00010000", map(1)), Format("df000000010000", map(1)),
            Format("c70105aa", .extension(type: 5, ByteBuffer(hexadecimal: "aa"))),
            Format("c8000105aa", .extension(type: 5, ByteBuffer(hexadecimal: "aa"))),
            Format("c90000000105aa", .extension(type: 5, ByteBuffer(hexadecimal: "aa"))),
        ]
    )
    func longForms(_ format: Format) throws {
        #expect(try MessagePackCodec().value(of: format.hexadecimal) == format.value)
    }

    @Test("every first byte is read or refused, and only 0xc1 by name")
    func firstBytes() throws {
        for byte in UInt8.min ... .max {
            var message = ByteBuffer(bytes: [byte])
            message.writeRepeatingByte(0, count: 64)
            do {
                // What is left over is refused; that the value was read is seen from the words.
                _ = try MessagePackCodec().read(message)
            } catch let error as PatchbayError {
                #expect(error.message.contains("0xc1") == (byte == 0xC1), "\(byte): \(error)")
                #expect(byte == 0xC1 || error.message.contains("more behind"), "\(byte): \(error)")
            }
        }
    }
}
