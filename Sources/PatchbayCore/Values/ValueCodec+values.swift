public import NIOCore

extension ValueCodec {
    @inlinable
    public func encode(_ value: Value, into buffer: inout ByteBuffer) throws {
        try write(into: &buffer) { try value.write(to: &$0) }
    }

    public func decodeValue(from message: ByteBuffer) throws -> Value {
        var tape = try read(message)
        let value = try Value.read(tape, TapeMemory.of(tape), at: 0)
        tape.giveTokens()
        return value
    }

    public func encode<T: Encodable>(_ value: T, into buffer: inout ByteBuffer) throws {
        let start = buffer.writerIndex
        var lent = ByteBuffer()
        swap(&lent, &buffer)
        let scratch = CodecScratch.current
        var state = makeEncoderState(consume lent, reusing: scratch.takeEncoder())
        do {
            try state.root(value)
            buffer = try state.finish()
        } catch {
            buffer = state.takeBuffer()
            if buffer.writerIndex > start { buffer.moveWriterIndex(to: start) }
            throw PatchbayError(encoding: error)
        }
        // A type may have kept its encoder, which then must not write into another message.
        if isKnownUniquelyReferenced(&state) { scratch.give(state) }
    }

    @inlinable
    public func makeEncoderState(_ buffer: consuming ByteBuffer, reusing last: TokenEncoderState?) -> TokenEncoderState {
        guard let last = last as? WriterEncoderState<Writer> else { return WriterEncoderState(makeWriter(buffer)) }
        last.restart(makeWriter(buffer))
        return last
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
