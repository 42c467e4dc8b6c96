public import NIOCore

/// A dynamic value: all that the value codecs can say, type for type.
///
/// An echo through `Value` and the codec that it came from returns what came. A codec that has no way to say a case
/// throws `encodingFailed` and names it, or writes its nearest form where its page says so.
public enum Value: Sendable, Hashable {
    case null
    case bool(Bool)
    /// Every integer that fits.
    case int(Int64)
    /// An integer outside of `Int64`.
    case bigInteger(BigInteger)
    /// A float of 32 bits or fewer, where the codec tells them apart.
    case float(Float)
    case double(Double)
    /// A decimal literal that no `Double` holds, such as `1e400`, in the words of JSON.
    case number(String)
    case string(String)
    case bytes(ByteBuffer)
    case array([Value])
    /// Python's tuple.
    case tuple([Value])
    /// A set; its elements keep the order in which they came.
    case set([Value])
    /// Keys of any kind, in the order in which they came, duplicates kept.
    case map(ValueMap)
    /// A value with a number (CBOR) or a name (Python's `bytearray`, `frozenset`) that says how to take it.
    indirect case tagged(ValueTag, Value)
    /// MessagePack's extension types.
    case `extension`(type: Int8, ByteBuffer)
    /// CBOR's simple values but for false, true and null; 23 is `undefined`.
    case simple(UInt8)
    /// The name of something in the peer's program, such as Python's `builtins.float`: inert, never resolved.
    case global(module: String, name: String)
}

/// How a tagged value is to be taken.
public enum ValueTag: Sendable, Hashable {
    case number(UInt64)
    case name(String)
}

/// Pairs in order. Equality minds the order.
public struct ValueMap: Sendable, Hashable {
    public var pairs: [Pair]

    public struct Pair: Sendable, Hashable {
        public var key: Value
        public var value: Value

        public init(_ key: Value, _ value: Value) {
            self.key = key
            self.value = value
        }
    }

    public init(_ pairs: [Pair] = []) { self.pairs = pairs }
}

/// An integer of any size, as sign and magnitude.
public struct BigInteger: Sendable, Hashable {
    public var isNegative: Bool
    /// The magnitude, most significant byte first, without leading zeros. Never empty: zero is an `Int64`.
    public var magnitude: [UInt8]

    public init(isNegative: Bool, magnitude: [UInt8]) {
        self.isNegative = isNegative
        self.magnitude = magnitude
    }
}
