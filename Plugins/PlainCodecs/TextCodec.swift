public import NIOCore
public import PatchbayCore

/// Messages that are text in UTF-8, which is checked: `String` and `Value.string`.
public struct TextCodec: Codec {
    public init() {}

    public func encode<T: Encodable>(_ value: T, into buffer: inout ByteBuffer) throws {
        // Each bit cast stands behind a comparison that found the types the same.
        if T.self == String.self {
            buffer.writeString(unsafeBitCast(value, to: String.self))
        } else if T.self == Value.self {
            try encode(unsafeBitCast(value, to: Value.self), into: &buffer)
        } else {
            throw PatchbayError(
                .encodingFailed,
                "a \(T.self) is no text; send a String, or name another codec in the URL, such as 'json+…'",
                stage: .encode,
                layer: "text"
            )
        }
    }

    public func decode<T: Decodable>(_ type: T.Type, from message: ByteBuffer) throws -> T {
        // Each bit cast stands behind a comparison that found the types the same.
        if T.self == String.self { return unsafeBitCast(try text(message), to: T.self) }
        if T.self == Value.self { return unsafeBitCast(Value.string(try text(message)), to: T.self) }
        throw PatchbayError(
            .decodingFailed,
            "text is no \(T.self); receive a String, or name another codec in the URL, such as 'json+…'",
            stage: .decode,
            layer: "text"
        )
    }

    public func encode(_ value: Value, into buffer: inout ByteBuffer) throws {
        guard case .string(let string) = value else {
            throw PatchbayError(
                .encodingFailed,
                "a value that is no string has no form in text; send Value.string, or name another codec in the URL, such as 'json+…'",
                stage: .encode,
                layer: "text"
            )
        }
        buffer.writeString(string)
    }

    public func decodeValue(from message: ByteBuffer) throws -> Value { .string(try text(message)) }

    private func text(_ message: ByteBuffer) throws -> String {
        guard message.withUnsafeReadableBytes({ isValidUTF8($0) }) else {
            throw PatchbayError(
                .decodingFailed,
                "the message is not UTF-8; the peer sends something else than text, or in another encoding",
                stage: .decode,
                layer: "text"
            )
        }
        return String(buffer: message)
    }
}
