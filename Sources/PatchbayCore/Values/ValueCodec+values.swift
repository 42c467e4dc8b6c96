public import NIOCore

extension ValueCodec {
    @inlinable
    public func encode(_ value: Value, into buffer: inout ByteBuffer) throws {
        try write(into: &buffer) { try value.write(to: &$0) }
    }

    public func decodeValue(from message: ByteBuffer) throws -> Value {
        try Value(read(message))
    }

    public func encode<T: Encodable>(_ value: T, into buffer: inout ByteBuffer) throws {
        let start = buffer.writerIndex
        var lent = ByteBuffer()
        swap(&lent, &buffer)
        let state = TokenEncoderState(makeWriter(consume lent))
        do {
            try state.root(value)
            buffer = try state.writer.finish()
        } catch {
            buffer = state.writer.takeBuffer()
            if buffer.writerIndex > start { buffer.moveWriterIndex(to: start) }
            throw PatchbayError(encoding: error)
        }
    }

    public func decode<T: Decodable>(_ type: T.Type, from message: ByteBuffer) throws -> T {
        try read(message).decode(type)
    }

    /// Lends the buffer to a writer, and puts it back as it was where that throws.
    @inlinable
    func write(into buffer: inout ByteBuffer, _ body: (inout Writer) throws -> Void) throws {
        let start = buffer.writerIndex
        var lent = ByteBuffer()
        swap(&lent, &buffer)
        var writer = makeWriter(consume lent)
        do {
            try body(&writer)
            buffer = try writer.finish()
        } catch {
            buffer = writer.takeBuffer()
            if buffer.writerIndex > start { buffer.moveWriterIndex(to: start) }
            throw error
        }
    }
}
