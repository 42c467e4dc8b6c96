internal import CodecTestSupport
internal import NIOCore
internal import PatchbayCBOR
internal import PatchbayCore
internal import Testing

/// RFC 8949, appendix F: examples of what is not well-formed.
@Suite struct CBORWellFormednessTests {
    static let endOfInput = [
        // In a head.
        "18", "19", "1a", "1b", "19 01", "1a 01 02", "1b 01 02 03 04 05 06 07", "38", "58", "78", "98", "9a 01 ff 00", "b8", "d8", "f8",
        "f9 00", "fa 00 00", "fb 00 00 00",
        // Strings of definite length with short data.
        "41", "61", "5a ff ff ff ff 00", "5b ff ff ff ff ff ff ff ff 01 02 03", "7a ff ff ff ff 00", "7b 7f ff ff ff ff ff ff ff 01 02 03",
        // Maps and arrays of definite length with too few items.
        "81", "81 81 81 81 81 81 81 81 81", "82 00", "a1", "a2 01 02", "a1 00", "a2 00 00 00",
        // A tag number without its content.
        "c0",
        // Strings of indefinite length without a break.
        "5f 41 00", "7f 61 00",
        // Maps and arrays of indefinite length without a break.
        "9f", "9f 01 02", "bf", "bf 01 02 01 02", "81 9f", "9f 80 00", "9f 9f 9f 9f 9f ff ff ff ff", "9f 81 9f 81 9f 9f ff ff ff",
    ]

    static let syntax = [
        // Reserved additional information.
        "1c", "1d", "1e", "3c", "3d", "3e", "5c", "5d", "5e", "7c", "7d", "7e", "9c", "9d", "9e", "bc", "bd", "be", "dc", "dd", "de",
        "fc", "fd", "fe",
        // Reserved two-byte encodings of simple values.
        "f8 00", "f8 01", "f8 18", "f8 1f",
        // Chunks of another type.
        "5f 00 ff", "5f 21 ff", "5f 61 00 ff", "5f 80 ff", "5f a0 ff", "5f c0 00 ff", "5f e0 ff", "7f 41 00 ff",
        // Chunks of indefinite length.
        "5f 5f 41 00 ff ff", "7f 7f 61 00 ff ff",
        // A break outside of what is of indefinite length.
        "ff", "81 ff", "82 00 ff", "a1 ff", "a1 ff 00", "a1 00 ff", "a2 00 00 ff", "9f 81 ff", "9f 82 9f 81 9f 9f ff ff ff ff",
        // A break where a map's value is due.
        "bf 00 ff", "bf 00 00 00 ff",
        // Indefinite length where there is none.
        "1f", "3f", "df",
    ]

    @Test("what is not well-formed is refused", arguments: endOfInput + syntax)
    func appendixF(_ hexadecimal: String) {
        #expect(code { try CBORCodec().value(of: hexadecimal) } == .decodingFailed)
        // The same with more behind it, where it was not for the missing end that it was wrong.
        if Self.syntax.contains(hexadecimal) {
            #expect(code { try CBORCodec().value(of: hexadecimal + " 00") } == .decodingFailed)
        }
    }

    @Test("an empty message, more than one item, and a tag before a break are refused", arguments: ["", "00 00", "9f c1 ff ff", "80 ff"])
    func otherForms(_ hexadecimal: String) {
        #expect(code { try CBORCodec().value(of: hexadecimal) } == .decodingFailed)
    }

    @Test(
        "text that is not UTF-8 is refused, and each chunk counts by itself (section 3.2.3)",
        arguments: ["61 ff", "62 c0af", "63 eda080", "7f 61 c3 61 bc ff", "7f 62 c3bc 61 80 ff"]
    )
    func invalidText(_ hexadecimal: String) {
        #expect(code { try CBORCodec().value(of: hexadecimal) } == .decodingFailed)
    }

    @Test("a bignum that is no byte string is refused", arguments: ["c2 61 31", "c3 01", "c2 c2 41 01", "c2 80", "c2", "c3 5f 61 00 ff"])
    func invalidBignums(_ hexadecimal: String) {
        #expect(code { try CBORCodec().value(of: hexadecimal) } == .decodingFailed)
    }

    @Test(
        "a header's claim allocates nothing",
        arguments: [
            "9bffffffffffffffff", "bbffffffffffffffff", "bb7fffffffffffffff", "5bffffffffffffffff", "7b8000000000000000", "9affffffff",
            "baffffffff 00", "d90102 9bffffffffffffffff", "c2 5b7fffffffffffffff", "5f 5bffffffffffffffff ff",
        ]
    )
    func claims(_ hexadecimal: String) {
        #expect(code { try CBORCodec().value(of: hexadecimal) } == .decodingFailed)
    }

    @Test(
        "nesting is bounded: arrays, maps, tags and sets, of either length",
        arguments: ["81", "a100", "9f", "bf00", "c1", "d9010281", "98ff"]
    )
    func depth(_ head: String) {
        #expect(code { try CBORCodec().value(of: String(repeating: head, count: 100_000)) } == .limitExceeded)
    }

    @Test("the limits of depth and number are exact")
    func limits() throws {
        let shallow = CBORCodec(limits: DecodingLimits(depth: 2))
        #expect(try shallow.value(of: "81 c1 00") == .array([.tagged(.number(1), .int(0))]))
        #expect(code { try shallow.value(of: "81 c1 80") } == .limitExceeded)
        let few = CBORCodec(limits: DecodingLimits(tokens: 3))
        #expect(try few.value(of: "9f 00 01 ff") == .array([.int(0), .int(1)]))
        #expect(code { try few.value(of: "9f 00 01 02 ff") } == .limitExceeded)
    }

    @Test("a key that comes twice is kept, or refused where the limits say so")
    func duplicateKeys() throws {
        let twice = "a2 6161 01 6161 02"
        #expect(try CBORCodec().value(of: twice) == .pairs((.string("a"), .int(1)), (.string("a"), .int(2))))
        let strict = CBORCodec(limits: DecodingLimits(refusesDuplicateKeys: true))
        for hexadecimal in [twice, "bf 6161 01 6161 02 ff", "a2 00 01 1800 02", "a2 6161 00 7f 6161 ff 00"] {
            #expect(code { try strict.value(of: hexadecimal) } == .decodingFailed)
        }
        #expect(code { try strict.value(of: "82 a1 00 00 a1 00 00") } == nil)
    }
}
