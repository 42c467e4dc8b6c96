internal import CodecTestSupport
internal import NIOCore
internal import PatchbayCBOR
internal import PatchbayCore
internal import Testing

@Suite struct CBORCodableTests {
    struct Point: Codable, Hashable {
        var x: Int
        var y: Int?
        var label: String
    }

    @Test("a struct is a map of its names, in order, in the shortest form")
    func form() throws {
        let codec = CBORCodec()
        let message = try codec.message(encoding: Point(x: 200, y: nil, label: "a"))
        #expect(message.hexadecimal == "a2617818c8656c6162656c6161")
        #expect(try codec.decode(Point.self, from: message) == Point(x: 200, y: nil, label: "a"))
        // The same of indefinite length, with text in chunks and a tag that does not matter.
        let streamed = ByteBuffer(hexadecimal: "d9d9f7 bf 6178 18c8 7f 636c6162 62656c ff 6161 ff")
        #expect(try codec.decode(Point.self, from: streamed) == Point(x: 200, y: nil, label: "a"))
    }

    @Test("every shape of Codable comes back", arguments: CBORCodec.Floats.allCases)
    func sample(_ floats: CBORCodec.Floats) throws {
        let codec = CBORCodec(floats: floats)
        #expect(try codec.decode(Sample.self, from: codec.message(encoding: Sample())) == Sample())
    }

    @Test("a Value inside a Codable type keeps all that CBOR can say")
    func values() throws {
        let codec = CBORCodec()
        let value = Value.array([
            .float(1.5), .double(1.5), .tagged(.number(32), .string("x")), .simple(23), .hex("00"), .set([.int(1)]),
            CBORAppendixATests.big(CBORAppendixATests.twoTo64),
        ])
        let message = try codec.message(encoding: ["value": value])
        #expect(try codec.decode([String: Value].self, from: message) == ["value": value])
    }

    @Test("numbers that do not fit the type are refused")
    func overflow() throws {
        #expect(code { try CBORCodec().decode(Int8.self, from: ByteBuffer(hexadecimal: "1880")) } == .decodingFailed)
        #expect(try CBORCodec().decode(UInt64.self, from: ByteBuffer(hexadecimal: "1bffffffffffffffff")) == .max)
    }
}
