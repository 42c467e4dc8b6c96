internal import NIOCore
internal import PatchbayCore

/// Reads one message, a data item's head at a time; the builder knows when it is whole.
struct CBORReader {
    static let layer = "cbor"

    var builder: TapeBuilder
    var cursor: BigEndianCursor

    init(_ message: ByteBuffer, _ bytes: UnsafeRawBufferPointer, limits: DecodingLimits) {
        builder = TapeBuilder(message: message, limits: limits, layer: Self.layer)
        cursor = BigEndianCursor(bytes, layer: Self.layer)
    }

    /// Reads an item that holds no others, the head of one that does, or a break.
    mutating func readItem() throws {
        let start = cursor.offset
        let initial = try cursor.byte()
        let information = initial & 0x1F
        switch initial >> 5 {
        case MajorType.unsigned: try builder.unsigned(argument(information, at: start))
        case MajorType.negative: try builder.negative(argument(information, at: start))
        case MajorType.bytes: try readBytes(information, at: start)
        case MajorType.text: try readText(information, at: start)
        case MajorType.array: try readSequence(.array, information, at: start)
        case MajorType.map:
            if information == AdditionalInformation.indefinite {
                try builder.openMap(count: nil)
            } else {
                try builder.openMap(count: cursor.elements(argument(information, at: start), values: 2))
            }
        case MajorType.tag: try readTag(information, at: start)
        default: try readSimple(information, at: start)
        }
    }

    /// The number that a head carries (section 3).
    private mutating func argument(_ information: UInt8, at start: Int) throws -> UInt64 {
        switch information {
        case 0..<24: return UInt64(information)
        case 24: return UInt64(try cursor.byte())
        case 25: return UInt64(try cursor.integer(as: UInt16.self))
        case 26: return UInt64(try cursor.integer(as: UInt32.self))
        case 27: return try cursor.integer(as: UInt64.self)
        case AdditionalInformation.indefinite: throw cursor.failure("integers and tags have no indefinite length", at: start)
        default: throw cursor.failure("the additional information \(information) is reserved", at: start)
        }
    }

    private mutating func readSequence(_ kind: SequenceKind, _ information: UInt8, at start: Int) throws {
        if information == AdditionalInformation.indefinite {
            try builder.open(kind, count: nil)
        } else {
            try builder.open(kind, count: cursor.elements(argument(information, at: start)))
        }
    }

    // MARK: Strings

    private mutating func readBytes(_ information: UInt8, at start: Int) throws {
        if information == AdditionalInformation.indefinite {
            let first = builder.arena.readableBytes
            try joinChunks(of: MajorType.bytes)
            try builder.bytesInArena(from: first)
        } else {
            let bytes = try cursor.take(argument(information, at: start))
            try builder.bytes(at: bytes.offset, count: bytes.count)
        }
    }

    private mutating func readText(_ information: UInt8, at start: Int) throws {
        if information == AdditionalInformation.indefinite {
            let first = builder.arena.readableBytes
            try joinChunks(of: MajorType.text)
            try builder.stringInArena(from: first, isValidated: true)
        } else {
            let text = try cursor.take(argument(information, at: start))
            try builder.string(at: text.offset, count: text.count)
        }
    }

    /// Appends the chunks of a string of indefinite length to the arena: each of the same type, of definite length, and
    /// of text each in itself UTF-8 (section 3.2.3).
    private mutating func joinChunks(of major: UInt8) throws {
        while true {
            let start = cursor.offset
            let initial = try cursor.byte()
            if initial == AdditionalInformation.breakByte { return }
            let information = initial & 0x1F
            guard initial >> 5 == major, information != AdditionalInformation.indefinite else {
                throw cursor.failure("a chunk of a string is not a string of its type with a definite length", at: start)
            }
            let chunk = try cursor.take(argument(information, at: start))
            let bytes = UnsafeRawBufferPointer(rebasing: cursor.bytes[chunk.offset..<chunk.offset + chunk.count])
            guard major != MajorType.text || isValidUTF8(bytes) else {
                throw cursor.failure("a chunk of text is not UTF-8", at: chunk.offset)
            }
            builder.arena.writeBytes(bytes)
        }
    }

    // MARK: Tags

    private mutating func readTag(_ information: UInt8, at start: Int) throws {
        let number = try argument(information, at: start)
        switch number {
        case KnownTag.positiveBignum, KnownTag.negativeBignum:
            try readBignum(isNegative: number == KnownTag.negativeBignum)
        case KnownTag.set where cursor.remaining > 0 && cursor.bytes[cursor.offset] >> 5 == MajorType.array:
            let start = cursor.offset
            try readSequence(.set, cursor.byte() & 0x1F, at: start)
        default:
            try builder.tag(number)
        }
    }

    /// The byte string of tag 2 is n, that of tag 3 is -1 - n (section 3.4.3).
    private mutating func readBignum(isNegative: Bool) throws {
        let start = cursor.offset
        let initial = try cursor.byte()
        guard initial >> 5 == MajorType.bytes else {
            throw cursor.failure("a bignum's tag stands before something else than a byte string", at: start)
        }
        let information = initial & 0x1F
        if information != AdditionalInformation.indefinite {
            let digits = try cursor.take(argument(information, at: start))
            let bytes = UnsafeRawBufferPointer(rebasing: cursor.bytes[digits.offset..<digits.offset + digits.count])
            try appendBignum(bytes, isNegative: isNegative)
        } else {
            let first = builder.arena.readableBytes
            try joinChunks(of: MajorType.bytes)
            let joined = builder.arena.getBytes(at: builder.arena.readerIndex + first, length: builder.arena.readableBytes - first) ?? []
            try joined.withUnsafeBytes { try appendBignum($0, isNegative: isNegative) }
        }
    }

    private mutating func appendBignum(_ digits: UnsafeRawBufferPointer, isNegative: Bool) throws {
        guard isNegative else { return try builder.bigInteger(isNegative: false, digits) }
        let magnitude = Magnitude.adding1(to: digits)
        try magnitude.withUnsafeBytes { try builder.bigInteger(isNegative: true, $0) }
    }

    // MARK: Simple values and floats

    private mutating func readSimple(_ information: UInt8, at start: Int) throws {
        switch information {
        case 20: try builder.bool(false)
        case 21: try builder.bool(true)
        case 22: try builder.null()
        case 0..<24: try builder.simple(information)
        case 24:
            let value = try cursor.byte()
            guard value >= 32 else {
                throw cursor.failure("the simple value \(value) is written in two bytes, which are for those from 32 on", at: start)
            }
            try builder.simple(value)
        case 25: try builder.float(Float(bitPattern: HalfPrecision.widen(cursor.integer(as: UInt16.self))))
        case 26: try builder.float(Float(bitPattern: cursor.integer(as: UInt32.self)))
        case 27: try builder.double(Double(bitPattern: cursor.integer(as: UInt64.self)))
        case AdditionalInformation.indefinite:
            guard builder.container != nil else { throw cursor.failure("a break where nothing is open", at: start) }
            try builder.close()
        default: throw cursor.failure("the additional information \(information) is reserved", at: start)
        }
    }
}
