internal import NIOCore
internal import PatchbayCore

/// Reads one message, a value at a time; the builder knows when it is whole.
struct MessagePackReader {
    static let layer = "msgpack"

    var builder: TapeBuilder
    var cursor: BigEndianCursor

    init(_ message: ByteBuffer, _ bytes: UnsafeRawBufferPointer, limits: DecodingLimits) {
        builder = TapeBuilder(message: message, limits: limits, layer: Self.layer)
        cursor = BigEndianCursor(bytes, layer: Self.layer)
    }

    /// Reads a value that holds no others, or the head of one that does.
    mutating func readValue() throws {
        let start = cursor.offset
        let format = try cursor.byte()
        switch format {
        case 0x00...0x7F: try builder.int(Int64(format))
        case 0xE0...0xFF: try builder.int(Int64(Int8(bitPattern: format)))
        case 0x80...0x8F: try readMap(UInt64(format & 0x0F))
        case 0x90...0x9F: try readArray(UInt64(format & 0x0F))
        case 0xA0...0xBF: try readString(UInt64(format & 0x1F))
        case 0xC0: try builder.null()
        case 0xC2: try builder.bool(false)
        case 0xC3: try builder.bool(true)
        case 0xC4: try readBytes(UInt64(cursor.byte()))
        case 0xC5: try readBytes(UInt64(cursor.integer(as: UInt16.self)))
        case 0xC6: try readBytes(UInt64(cursor.integer(as: UInt32.self)))
        case 0xC7: try readExtension(UInt64(cursor.byte()))
        case 0xC8: try readExtension(UInt64(cursor.integer(as: UInt16.self)))
        case 0xC9: try readExtension(UInt64(cursor.integer(as: UInt32.self)))
        case 0xCA: try builder.float(Float(bitPattern: cursor.integer(as: UInt32.self)))
        case 0xCB: try builder.double(Double(bitPattern: cursor.integer(as: UInt64.self)))
        case 0xCC: try builder.int(Int64(cursor.byte()))
        case 0xCD: try builder.int(Int64(cursor.integer(as: UInt16.self)))
        case 0xCE: try builder.int(Int64(cursor.integer(as: UInt32.self)))
        case 0xCF: try builder.unsigned(cursor.integer(as: UInt64.self))
        case 0xD0: try builder.int(Int64(cursor.integer(as: Int8.self)))
        case 0xD1: try builder.int(Int64(cursor.integer(as: Int16.self)))
        case 0xD2: try builder.int(Int64(cursor.integer(as: Int32.self)))
        case 0xD3: try builder.int(cursor.integer(as: Int64.self))
        case 0xD4: try readExtension(1)
        case 0xD5: try readExtension(2)
        case 0xD6: try readExtension(4)
        case 0xD7: try readExtension(8)
        case 0xD8: try readExtension(16)
        case 0xD9: try readString(UInt64(cursor.byte()))
        case 0xDA: try readString(UInt64(cursor.integer(as: UInt16.self)))
        case 0xDB: try readString(UInt64(cursor.integer(as: UInt32.self)))
        case 0xDC: try readArray(UInt64(cursor.integer(as: UInt16.self)))
        case 0xDD: try readArray(UInt64(cursor.integer(as: UInt32.self)))
        case 0xDE: try readMap(UInt64(cursor.integer(as: UInt16.self)))
        case 0xDF: try readMap(UInt64(cursor.integer(as: UInt32.self)))
        default: throw cursor.failure("the format byte 0xc1 is never used", at: start)
        }
    }

    @inline(__always)
    private mutating func readString(_ claimed: UInt64) throws {
        let text = try cursor.take(claimed)
        try builder.string(at: text.offset, count: text.count)
    }

    @inline(__always)
    private mutating func readBytes(_ claimed: UInt64) throws {
        let bytes = try cursor.take(claimed)
        try builder.bytes(at: bytes.offset, count: bytes.count)
    }

    /// The type stands between the length and the bytes.
    private mutating func readExtension(_ claimed: UInt64) throws {
        let type = try cursor.integer(as: Int8.self)
        let bytes = try cursor.take(claimed)
        try builder.extension(type: type, at: bytes.offset, count: bytes.count)
    }

    @inline(__always)
    private mutating func readArray(_ claimed: UInt64) throws {
        try builder.open(.array, count: cursor.elements(claimed))
    }

    @inline(__always)
    private mutating func readMap(_ claimed: UInt64) throws {
        try builder.openMap(count: cursor.elements(claimed, values: 2))
    }
}
