internal import CodecTestSupport
internal import NIOCore
internal import PatchbayCore
internal import PatchbayMessagePack
internal import Testing

@Suite struct MessagePackRefusalTests {
    @Test(
        "a message that is cut off, overfull or no MessagePack is refused",
        arguments: [
            "", "c1", "91c1", "cc", "cd00", "ce000000", "cf00000000000000", "d0", "d100", "d2000000", "d300000000000000",
            "ca000000", "cb00000000000000", "a161 61", "a2 61", "d9", "d902 61", "da00", "c4", "c402 00", "c5", "c6 000000",
            "91", "92 00", "dc00", "dc0001", "81", "81 00", "82 00 00 00", "de0001 00", "d4", "d405", "d505 00", "c7 01 05", "c7",
            "c0 c0", "90 00", "d9ff", "c8 0001 05", "c9 00000001 05",
        ]
    )
    func malformed(_ hexadecimal: String) {
        #expect(code { try MessagePackCodec().value(of: hexadecimal) } == .decodingFailed)
    }

    @Test("text that is not UTF-8 is refused", arguments: ["a1 ff", "a2 c0af", "a3 eda080", "d901 80", "a4 f4908080", "a1 e6"])
    func invalidText(_ hexadecimal: String) {
        #expect(code { try MessagePackCodec().value(of: hexadecimal) } == .decodingFailed)
    }

    @Test("an error says where in the message it is")
    func offset() {
        #expect {
            try MessagePackCodec().value(of: "93 01 02 c1")
        } throws: { error in
            guard let error = error as? PatchbayError else { return false }
            return error.message == "the format byte 0xc1 is never used, at byte 3 of the message" && error.layer == "msgpack"
        }
    }

    @Test(
        "a header's claim allocates nothing",
        arguments: ["ddffffffff", "dfffffffff", "dbffffffff", "c6ffffffff", "c9ffffffff05", "dd7fffffff 00", "df7fffffff 0000"]
    )
    func claims(_ hexadecimal: String) {
        #expect(code { try MessagePackCodec().value(of: hexadecimal) } == .decodingFailed)
    }

    @Test("nesting is bounded, also where each level claims many elements")
    func depth() throws {
        for head in ["91", "8100", "dc00ff", "92"] {
            let bomb = String(repeating: head, count: 100_000)
            #expect(code { try MessagePackCodec().value(of: bomb) } == .limitExceeded)
        }
        let codec = MessagePackCodec(limits: DecodingLimits(depth: 3))
        #expect(try codec.value(of: "91 91 91 00") == .array([.array([.array([.int(0)])])]))
        #expect(code { try codec.value(of: "91 91 91 91 00") } == .limitExceeded)
    }

    @Test("the number of values is bounded")
    func tokens() throws {
        let codec = MessagePackCodec(limits: DecodingLimits(tokens: 3))
        #expect(try codec.value(of: "92 01 02") == .array([.int(1), .int(2)]))
        #expect(code { try codec.value(of: "93 01 02 03") } == .limitExceeded)
    }

    @Test("a key that comes twice is kept, or refused where the limits say so")
    func duplicateKeys() throws {
        let twice = "82 a161 01 a161 02"
        #expect(try MessagePackCodec().value(of: twice) == .pairs((.string("a"), .int(1)), (.string("a"), .int(2))))
        let strict = MessagePackCodec(limits: DecodingLimits(refusesDuplicateKeys: true))
        #expect(code { try strict.value(of: twice) } == .decodingFailed)
        // The same key in another form, and the same keys in two maps.
        #expect(code { try strict.value(of: "82 01 01 cc01 02") } == .decodingFailed)
        #expect(code { try strict.value(of: "92 81 a161 01 81 a161 02") } == nil)
    }

    @Test("what MessagePack has no form for is refused by name, and leaves the buffer as it was")
    func inexpressible() throws {
        let large = [1] + [UInt8](repeating: 0, count: 8)
        let cases: [(Value, String)] = [
            (.bigInteger(BigInteger(isNegative: false, magnitude: large)), "integer"),
            (.bigInteger(BigInteger(isNegative: true, magnitude: [0x80, 0, 0, 0, 0, 0, 0, 1])), "integer"),
            (.number("1e400"), "1e400"), (.tagged(.number(1), .null), "tags"), (.tagged(.name("bytearray"), .null), "tags"),
            (.simple(23), "simple(23)"), (.global(module: "builtins", name: "float"), "builtins.float"),
        ]
        for (value, word) in cases {
            var buffer = ByteBuffer(string: "before")
            #expect {
                try MessagePackCodec().encode(.array([.int(1), value]), into: &buffer)
            } throws: { error in
                guard let error = error as? PatchbayError else { return false }
                return error.code == .encodingFailed && error.message.contains(word) && error.layer == "msgpack"
            }
            #expect(buffer == ByteBuffer(string: "before"))
        }
    }

    @Test("20,000 inputs are refused or echoed")
    func fuzzing() throws {
        let formats =
            MessagePackFormatTests.scalars + MessagePackFormatTests.strings + MessagePackFormatTests.containers
            + MessagePackFormatTests.extensions
        let small = formats.map { ByteBuffer(hexadecimal: $0.hexadecimal) }.filter { $0.readableBytes < 300 }
        fuzz(MessagePackCodec(), from: small)
    }
}
