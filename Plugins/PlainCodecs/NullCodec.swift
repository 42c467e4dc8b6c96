public import NIOCore
public import PatchbayCore

/// Messages that say only that they came: everything is sent as an empty message, and read as null, whatever it holds.
public struct NullCodec: Codec {
    public init() {}

    public func encode<T: Encodable>(_ value: T, into buffer: inout ByteBuffer) throws {}

    public func decode<T: Decodable>(_ type: T.Type, from message: ByteBuffer) throws -> T {
        // The types are found to be the same before the cast; asked first, as an optional holds a null `Value` too.
        if T.self == Value.self { return unsafeBitCast(Value.null, to: T.self) }
        if let optional = type as? any ExpressibleByNilLiteral.Type, let null = optional.init(nilLiteral: ()) as? T { return null }
        throw PatchbayError(
            .decodingFailed,
            "the codec null has no \(T.self); receive a Value or an Optional, or name another codec in the URL",
            stage: .decode,
            layer: "null"
        )
    }

    public func encode(_ value: Value, into buffer: inout ByteBuffer) throws {}

    public func decodeValue(from message: ByteBuffer) throws -> Value { .null }
}
