internal import CodecTestSupport
internal import NIOCore
internal import PatchbayCore
internal import PatchbayMessagePack
internal import Testing

@Suite struct MessagePackCodableTests {
    struct Point: Codable, Hashable {
        var x: Int
        var y: Int?
        var label: String
    }

    @Test("a struct is a map of its names, in order, in the smallest form")
    func form() throws {
        let codec = MessagePackCodec()
        let message = try codec.message(encoding: Point(x: 200, y: nil, label: "a"))
        #expect(message.hexadecimal == "82a178ccc8a56c6162656ca161")
        #expect(try codec.decode(Point.self, from: message) == Point(x: 200, y: nil, label: "a"))
    }

    @Test("every shape of Codable comes back")
    func sample() throws {
        let codec = MessagePackCodec()
        #expect(try codec.decode(Sample.self, from: codec.message(encoding: Sample())) == Sample())
    }

    @Test("a Value inside a Codable type keeps what MessagePack can say")
    func values() throws {
        let codec = MessagePackCodec()
        let value = Value.array([.float(1.5), .double(1.5), .extension(type: -1, ByteBuffer(hexadecimal: "5f5e1000")), .hex("00")])
        let message = try codec.message(encoding: ["value": value])
        #expect(try codec.decode([String: Value].self, from: message) == ["value": value])
    }

    @Test("numbers that do not fit the type are refused")
    func overflow() throws {
        #expect(code { try MessagePackCodec().decode(Int8.self, from: ByteBuffer(hexadecimal: "cc80")) } == .decodingFailed)
        #expect(try MessagePackCodec().decode(UInt64.self, from: ByteBuffer(hexadecimal: "cfffffffffffffffff")) == .max)
    }
}
