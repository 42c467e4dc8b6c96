internal import NIOCore

extension TokenEncoderState {
    /// Writes a value whose type needs no container of its own, and says whether it was one.
    ///
    /// Compares types, since it is called for every value that comes as a generic one.
    final func writeDirectly<T: Encodable>(_ value: T) throws -> Bool {
        if T.self == String.self {
            try string(unsafeBitCast(value, to: String.self))
        } else if T.self == Double.self {
            try double(unsafeBitCast(value, to: Double.self))
        } else if T.self == Bool.self {
            try bool(unsafeBitCast(value, to: Bool.self))
        } else if T.self == Value.self {
            try self.value(unsafeBitCast(value, to: Value.self))
        } else if T.self == ByteBuffer.self {
            try unsafeBitCast(value, to: ByteBuffer.self).withUnsafeReadableBytes { try bytes($0) }
        } else if T.self == [UInt8].self {
            try unsafeBitCast(value, to: [UInt8].self).withUnsafeBytes { try bytes($0) }
        } else if T.self == ContiguousArray<UInt8>.self {
            try unsafeBitCast(value, to: ContiguousArray<UInt8>.self).withUnsafeBytes { try bytes($0) }
        } else if T.self == [Double].self {
            try doubles(unsafeBitCast(value, to: [Double].self))
        } else if T.self == [Float].self {
            try floats(unsafeBitCast(value, to: [Float].self))
        } else if T.self == [Int].self {
            try ints(unsafeBitCast(value, to: [Int].self))
        } else if T.self == [String].self {
            try strings(unsafeBitCast(value, to: [String].self))
        } else if T.self == Float.self {
            try float(unsafeBitCast(value, to: Float.self))
        } else {
            return try writeInteger(value)
        }
        return true
    }

    final func writeInteger<T: Encodable>(_ value: T) throws -> Bool {
        if T.self == Int.self {
            try integer(unsafeBitCast(value, to: Int.self))
        } else if T.self == UInt8.self {
            try integer(unsafeBitCast(value, to: UInt8.self))
        } else if T.self == Int64.self {
            try integer(unsafeBitCast(value, to: Int64.self))
        } else if T.self == Int32.self {
            try integer(unsafeBitCast(value, to: Int32.self))
        } else if T.self == UInt32.self {
            try integer(unsafeBitCast(value, to: UInt32.self))
        } else if T.self == UInt64.self {
            try integer(unsafeBitCast(value, to: UInt64.self))
        } else if T.self == UInt.self {
            try integer(unsafeBitCast(value, to: UInt.self))
        } else if T.self == Int16.self {
            try integer(unsafeBitCast(value, to: Int16.self))
        } else if T.self == UInt16.self {
            try integer(unsafeBitCast(value, to: UInt16.self))
        } else if T.self == Int8.self {
            try integer(unsafeBitCast(value, to: Int8.self))
        } else {
            return false
        }
        return true
    }
}

extension TokenWriter {
    /// Writes an integer of any width in the shortest of the forms.
    @inlinable @inline(__always)
    public mutating func integer<Integer: FixedWidthInteger>(_ value: Integer) throws {
        if let small = Int64(exactly: value) {
            try int(small)
        } else if let unsigned = UInt64(exactly: value) {
            try self.unsigned(unsigned)
        } else {
            try bigInteger(BigInteger(value))
        }
    }
}

extension BigInteger {
    /// Any integer; of use for those beyond `Int64`.
    public init<Integer: BinaryInteger>(_ value: Integer) {
        var rest = value.magnitude
        var bytes: [UInt8] = []
        repeat {
            bytes.append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        } while rest != 0
        self.init(isNegative: value < 0, magnitude: bytes.reversed())
    }
}
