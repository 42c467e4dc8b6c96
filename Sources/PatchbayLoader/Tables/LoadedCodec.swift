internal import NIOCore
internal import PatchbayCore

/// A plugin's codec: messages to tapes, and back.
struct LoadedCodec<Keys: KeyPolicy>: ValueCodec {
    private let work: CodecWork

    init(_ work: CodecWork) { self.work = work }

    func makeWriter(_ buffer: consuming ByteBuffer) -> TapeWriter<Keys> { TapeWriter(buffer, codec: work) }
    func read(_ message: ByteBuffer) throws -> Tape { try work.read(message) }
}

/// A codec of bytes whose schema the host does not know: the plugin checks or converts them.
struct LoadedRawCodec: Codec {
    private let work: CodecWork

    init(_ work: CodecWork) { self.work = work }

    func encode<T: Encodable>(_ value: T, into buffer: inout ByteBuffer) throws {
        var bytes = ByteBuffer()
        try BytesCodec().encode(value, into: &bytes)
        try work.encode(raw: bytes, into: &buffer)
    }

    func encode(_ value: Value, into buffer: inout ByteBuffer) throws {
        var bytes = ByteBuffer()
        try BytesCodec().encode(value, into: &bytes)
        try work.encode(raw: bytes, into: &buffer)
    }

    func decode<T: Decodable>(_ type: T.Type, from message: ByteBuffer) throws -> T {
        try BytesCodec().decode(type, from: work.read(raw: message))
    }

    func decodeValue(from message: ByteBuffer) throws -> Value { .bytes(try work.read(raw: message)) }
}
