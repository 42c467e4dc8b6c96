public import NIOCore
public import PatchbayCore

extension Codec {
    /// A value's message on its own.
    public func message(of value: Value) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        try encode(value, into: &buffer)
        return buffer
    }

    /// A value's message on its own.
    public func message<T: Encodable>(encoding value: T) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        try encode(value, into: &buffer)
        return buffer
    }

    /// The value of a message that a specification prints.
    public func value(of hexadecimal: String) throws -> Value {
        try decodeValue(from: ByteBuffer(hexadecimal: hexadecimal))
    }
}

extension Value {
    public static func hex(_ hexadecimal: String) -> Value { .bytes(ByteBuffer(hexadecimal: hexadecimal)) }

    public static func pairs(_ pairs: (Value, Value)...) -> Value { .map(ValueMap(pairs.map { ValueMap.Pair($0, $1) })) }
}

/// The code of the error that `body` throws; nil where it throws none of Patchbay's.
public func code(_ body: () throws -> some Any) -> PatchbayError.Code? {
    do {
        _ = try body()
        return nil
    } catch {
        return (error as? PatchbayError)?.code
    }
}
