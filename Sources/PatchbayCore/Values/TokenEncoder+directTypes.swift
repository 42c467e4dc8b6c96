internal import NIOCore

extension TokenEncoderState {
    /// Writes a value whose type needs no container of its own, and says whether it was one.
    ///
    /// Compares types, since it is called for every value that comes as a generic one.
    func writeDirectly<T: Encodable>(_ value: T) throws -> Bool {
        if T.self == String.self {
            try writer.string(unsafeBitCast(value, to: String.self))
        } else if T.self == Double.self {
            try writer.double(unsafeBitCast(value, to: Double.self))
        } else if T.self == Bool.self {
            try writer.bool(unsafeBitCast(value, to: Bool.self))
        } else if T.self == Value.self {
            try unsafeBitCast(value, to: Value.self).write(to: &writer)
        } else if T.self == ByteBuffer.self {
            try unsafeBitCast(value, to: ByteBuffer.self).withUnsafeReadableBytes { try writer.bytes($0) }
        } else if T.self == [UInt8].self {
            try unsafeBitCast(value, to: [UInt8].self).withUnsafeBytes { try writer.bytes($0) }
        } else if T.self == ContiguousArray<UInt8>.self {
            try unsafeBitCast(value, to: ContiguousArray<UInt8>.self).withUnsafeBytes { try writer.bytes($0) }
        } else if T.self == [Double].self {
            try sequence(unsafeBitCast(value, to: [Double].self)) { try $0.double($1) }
        } else if T.self == [Float].self {
            try sequence(unsafeBitCast(value, to: [Float].self)) { try $0.float($1) }
        } else if T.self == [Int].self {
            try sequence(unsafeBitCast(value, to: [Int].self)) { try $0.int(Int64($1)) }
        } else if T.self == [String].self {
            try sequence(unsafeBitCast(value, to: [String].self)) { try $0.string($1) }
        } else if T.self == Float.self {
            try writer.float(unsafeBitCast(value, to: Float.self))
        } else {
            return try writeInteger(value)
        }
        return true
    }

    func writeInteger<T: Encodable>(_ value: T) throws -> Bool {
        if T.self == Int.self {
            try writer.integer(unsafeBitCast(value, to: Int.self))
        } else if T.self == UInt8.self {
            try writer.integer(unsafeBitCast(value, to: UInt8.self))
        } else if T.self == Int64.self {
            try writer.integer(unsafeBitCast(value, to: Int64.self))
        } else if T.self == Int32.self {
            try writer.integer(unsafeBitCast(value, to: Int32.self))
        } else if T.self == UInt32.self {
            try writer.integer(unsafeBitCast(value, to: UInt32.self))
        } else if T.self == UInt64.self {
            try writer.integer(unsafeBitCast(value, to: UInt64.self))
        } else if T.self == UInt.self {
            try writer.integer(unsafeBitCast(value, to: UInt.self))
        } else if T.self == Int16.self {
            try writer.integer(unsafeBitCast(value, to: Int16.self))
        } else if T.self == UInt16.self {
            try writer.integer(unsafeBitCast(value, to: UInt16.self))
        } else if T.self == Int8.self {
            try writer.integer(unsafeBitCast(value, to: Int8.self))
        } else {
            return false
        }
        return true
    }

    func sequence<Element>(_ elements: [Element], _ body: (inout any TokenWriter, Element) throws -> Void) throws {
        try writer.beginSequence(.array, count: elements.count)
        for element in elements { try body(&writer, element) }
        try writer.endSequence(.array, count: elements.count)
    }
}

extension TokenWriter {
    /// Writes an integer of any width in the shortest of the forms.
    @inlinable
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
