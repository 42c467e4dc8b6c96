public import NIOCore

/// The codec of a URL that names none: a message is its bytes.
///
/// It takes `ByteBuffer`, `[UInt8]` and `Value.bytes` as they are, and `String` and `Value.string` as UTF-8. A dynamic
/// value is always read as `Value.bytes`. Received buffers are slices of the message, not copies.
public struct BytesCodec: Codec {
    public init() {}

    public func encode<T: Encodable>(_ value: T, into buffer: inout ByteBuffer) throws {
        // Each bit cast stands behind a comparison that found the types the same; a dynamic cast costs ten times as much.
        if T.self == ByteBuffer.self {
            buffer.writeImmutableBuffer(unsafeBitCast(value, to: ByteBuffer.self))
        } else if T.self == [UInt8].self {
            buffer.writeBytes(unsafeBitCast(value, to: [UInt8].self))
        } else if T.self == Value.self {
            try encode(unsafeBitCast(value, to: Value.self), into: &buffer)
        } else if T.self == String.self {
            buffer.writeString(unsafeBitCast(value, to: String.self))
        } else {
            throw PatchbayError(
                .encodingFailed,
                "a \(T.self) is not bytes; name a codec in the URL, such as 'json+…', or send a ByteBuffer or [UInt8]",
                stage: .encode,
                layer: "bytes"
            )
        }
    }

    public func decode<T: Decodable>(_ type: T.Type, from message: ByteBuffer) throws -> T {
        // Each bit cast stands behind a comparison that found the types the same.
        if T.self == ByteBuffer.self { return unsafeBitCast(message, to: T.self) }
        if T.self == [UInt8].self { return unsafeBitCast(Array(message.readableBytesView), to: T.self) }
        if T.self == Value.self { return unsafeBitCast(Value.bytes(message), to: T.self) }
        if T.self == String.self { return unsafeBitCast(try text(message), to: T.self) }
        throw PatchbayError(
            .decodingFailed,
            "bytes are no \(T.self); name a codec in the URL, such as 'json+…', or receive a ByteBuffer or [UInt8]",
            stage: .decode,
            layer: "bytes"
        )
    }

    public func encode(_ value: Value, into buffer: inout ByteBuffer) throws {
        switch value {
        case .bytes(let bytes): buffer.writeImmutableBuffer(bytes)
        case .string(let string): buffer.writeString(string)
        default:
            throw PatchbayError(
                .encodingFailed,
                "a value that is neither bytes nor a string has no form in bytes; name a codec in the URL, such as 'json+…'",
                stage: .encode,
                layer: "bytes"
            )
        }
    }

    public func decodeValue(from message: ByteBuffer) throws -> Value { .bytes(message) }

    private func text(_ message: ByteBuffer) throws -> String {
        guard message.withUnsafeReadableBytes({ isValidUTF8($0) }) else {
            throw PatchbayError(
                .decodingFailed,
                "the message is not UTF-8; receive a ByteBuffer instead of a String",
                stage: .decode,
                layer: "bytes"
            )
        }
        return String(buffer: message)
    }
}
