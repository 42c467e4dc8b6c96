internal import CodecTestSupport
internal import NIOCore
internal import PatchbayCore
internal import PatchbayPlainCodecs
internal import Testing

@Suite struct PlainCodecsTests {
    let hello = ByteBuffer(string: "hellö")

    @Test("bytes takes buffers, byte arrays, strings and their values, and gives them back")
    func bytes() throws {
        let codec = BytesCodec()
        #expect(try codec.message(encoding: hello) == hello)
        #expect(try codec.message(encoding: Array(hello.readableBytesView)) == hello)
        #expect(try codec.message(encoding: "hellö") == hello)
        #expect(try codec.message(of: .bytes(hello)) == hello)
        #expect(try codec.message(of: .string("hellö")) == hello)
        #expect(try codec.decode(ByteBuffer.self, from: hello) == hello)
        #expect(try codec.decode([UInt8].self, from: hello) == Array(hello.readableBytesView))
        #expect(try codec.decode(String.self, from: hello) == "hellö")
        #expect(try codec.decodeValue(from: hello) == .bytes(hello))
        #expect(try codec.message(encoding: Value.bytes(hello)) == hello)
        #expect(try codec.decode(Value.self, from: hello) == .bytes(hello))
    }

    @Test("bytes appends, and reads from the reader index")
    func offsets() throws {
        var buffer = ByteBuffer(string: "ab")
        try BytesCodec().encode(hello, into: &buffer)
        #expect(buffer == ByteBuffer(string: "abhellö"))
        buffer.moveReaderIndex(forwardBy: 2)
        #expect(try BytesCodec().decode([UInt8].self, from: buffer) == Array(hello.readableBytesView))
        #expect(try TextCodec().decode(String.self, from: buffer) == "hellö")
    }

    @Test("bytes refuses other types, and says to name a codec")
    func otherTypes() throws {
        let codec = BytesCodec()
        for attempt: () throws -> Any in [
            { try codec.message(encoding: 5) }, { try codec.message(encoding: ["a": 1]) }, { try codec.message(of: .int(5)) },
            { try codec.decode(Int.self, from: hello) }, { try codec.decode([String].self, from: hello) },
        ] {
            #expect {
                _ = try attempt()
            } throws: { error in
                guard let error = error as? PatchbayError else { return false }
                return [.encodingFailed, .decodingFailed].contains(error.code) && error.message.contains("'json+…'")
            }
        }
        #expect(code { try codec.decode(String.self, from: ByteBuffer(bytes: [0xFF])) } == .decodingFailed)
    }

    @Test("text takes strings alone, and checks them")
    func text() throws {
        let codec = TextCodec()
        #expect(try codec.message(encoding: "hellö") == hello)
        #expect(try codec.message(of: .string("hellö")) == hello)
        #expect(try codec.decode(String.self, from: hello) == "hellö")
        #expect(try codec.decodeValue(from: hello) == .string("hellö"))
        #expect(try codec.message(encoding: Value.string("hellö")) == hello)
        #expect(try codec.decode(Value.self, from: hello) == .string("hellö"))
        #expect(try codec.decode(String.self, from: ByteBuffer()) == "")
        #expect(code { try codec.message(encoding: hello) } == .encodingFailed)
        #expect(code { try codec.message(of: .bytes(hello)) } == .encodingFailed)
        #expect(code { try codec.decode(ByteBuffer.self, from: hello) } == .decodingFailed)
        for invalid: [UInt8] in [[0xFF], [0xC0, 0xAF], [0xED, 0xA0, 0x80], [0x61, 0xE6]] {
            #expect(code { try codec.decode(String.self, from: ByteBuffer(bytes: invalid)) } == .decodingFailed)
            #expect(code { try codec.decodeValue(from: ByteBuffer(bytes: invalid)) } == .decodingFailed)
        }
    }

    @Test("null sends nothing, and reads null whatever came")
    func null() throws {
        let codec = NullCodec()
        #expect(try codec.message(encoding: [1, 2]).readableBytes == 0)
        #expect(try codec.message(of: .int(5)).readableBytes == 0)
        #expect(try codec.decodeValue(from: hello) == .null)
        #expect(try codec.decode(Value.self, from: hello) == .null)
        #expect(try codec.decode(Value?.self, from: hello) == nil)
        #expect(try codec.decode(Int?.self, from: hello) == nil)
        #expect(try codec.decode([String: Int]?.self, from: ByteBuffer()) == nil)
        #expect(code { try codec.decode(Int.self, from: hello) } == .decodingFailed)
    }

    @Test("the plugin registers its three layers")
    func plugin() throws {
        var registrar = Registrar()
        PlainCodecsPlugin().register(into: &registrar)
        #expect(registrar.layers.map(\.name) == ["bytes", "text", "null"])
        #expect(registrar.layers.allSatisfy { $0.kind == .codec })
    }
}
