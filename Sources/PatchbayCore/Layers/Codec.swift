public import NIOCore

/// Turns messages into values and back.
///
/// Encoding happens on the sender's task, decoding at the pull on the receiver's.
public protocol Codec: Sendable {
    /// Appends the value's message to `buffer`; on a throw what was appended is worthless.
    /// - Throws: ``PatchbayError`` with `encodingFailed`.
    func encode<T: Encodable>(_ value: T, into buffer: inout ByteBuffer) throws

    /// Reads a whole message.
    /// - Throws: ``PatchbayError`` with `decodingFailed` or `limitExceeded`.
    func decode<T: Decodable>(_ type: T.Type, from message: ByteBuffer) throws -> T

    /// Appends the message of a dynamic value.
    func encode(_ value: Value, into buffer: inout ByteBuffer) throws

    /// Reads a whole message as a dynamic value.
    func decodeValue(from message: ByteBuffer) throws -> Value
}
