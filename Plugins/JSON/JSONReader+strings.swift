internal import NIOCore
internal import PatchbayCore

extension JSONReader {
    /// Reads the string whose quote is at `position`: in place where nothing is escaped, else through the arena.
    mutating func readString(_ builder: inout TapeBuilder) throws {
        let start = position &+ 1
        position = start
        var isASCII = true
        let stop = try scan(&isASCII, &builder)
        if stop == UInt8(ascii: "\"") {
            let count = position &- start
            position &+= 1
            guard isASCII || isValidUTF8(UnsafeRawBufferPointer(rebasing: bytes[start..<(start &+ count)])) else {
                throw builder.failure("text is not UTF-8", at: start)
            }
            return try builder.string(at: start, count: count, isValidated: true)
        }
        try readEscapedString(from: start, &builder)
    }

    /// Moves to the next quote or backslash, eight bytes at a time, and gives it.
    @inline(__always)
    private mutating func scan(_ isASCII: inout Bool, _ builder: inout TapeBuilder) throws -> UInt8 {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        while position &+ 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let quotes = word ^ (ones &* 0x22)
            let backslashes = word ^ (ones &* 0x5C)
            // Sets the high bit of each byte that is a quote, a backslash or a control; exact up to the first such byte.
            let stops =
                ((quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes | (word &- ones &* 0x20) & ~word) & highs
            if word & highs != 0 { isASCII = false }
            guard stops == 0 else {
                position &+= stops.trailingZeroBitCount >> 3
                break
            }
            position &+= 8
        }
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return byte }
            if byte < 0x20 { throw builder.failure("a control character stands in a string unescaped", at: position) }
            if byte >= 0x80 { isASCII = false }
            position &+= 1
        }
        throw builder.failure("the JSON ends inside a string", at: position)
    }

    /// Reads the rest of a string that has an escape at `position`.
    private mutating func readEscapedString(from start: Int, _ builder: inout TapeBuilder) throws {
        let arenaStart = builder.arena.readableBytes
        var piece = start
        var isASCII = true
        while true {
            let stop = try scan(&isASCII, &builder)
            builder.arena.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[piece..<position]))
            position &+= 1
            if stop == UInt8(ascii: "\"") { break }
            try readEscape(&builder)
            piece = position
        }
        do {
            try builder.stringInArena(from: arenaStart)
        } catch let error as PatchbayError where error.code == .decodingFailed {
            throw builder.failure("text is not UTF-8", at: start)
        }
    }

    /// Reads what stands behind a backslash.
    private mutating func readEscape(_ builder: inout TapeBuilder) throws {
        guard position < bytes.count else { throw builder.failure("the JSON ends inside a string", at: position) }
        let escape = bytes[position]
        position &+= 1
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): builder.arena.writeInteger(escape)
        case UInt8(ascii: "b"): builder.arena.writeInteger(UInt8(0x08))
        case UInt8(ascii: "f"): builder.arena.writeInteger(UInt8(0x0C))
        case UInt8(ascii: "n"): builder.arena.writeInteger(UInt8(0x0A))
        case UInt8(ascii: "r"): builder.arena.writeInteger(UInt8(0x0D))
        case UInt8(ascii: "t"): builder.arena.writeInteger(UInt8(0x09))
        case UInt8(ascii: "u"):
            var code = UInt32(try readCodeUnit(&builder))
            if code & 0xFC00 == 0xD800 {
                guard position &+ 2 <= bytes.count, bytes[position] == UInt8(ascii: "\\"), bytes[position &+ 1] == UInt8(ascii: "u") else {
                    throw builder.failure("half of a surrogate pair stands alone", at: position - 6)
                }
                position &+= 2
                let low = UInt32(try readCodeUnit(&builder))
                guard low & 0xFC00 == 0xDC00 else {
                    throw builder.failure("half of a surrogate pair stands alone", at: position - 12)
                }
                code = 0x10000 + ((code & 0x3FF) << 10 | low & 0x3FF)
            }
            guard let scalar = Unicode.Scalar(code) else {
                throw builder.failure("half of a surrogate pair stands alone", at: position - 6)
            }
            builder.arena.writeBytes(UTF8.encode(scalar).map { Array($0) } ?? [])
        default:
            throw builder.failure("an unknown escape stands in a string", at: position - 2)
        }
    }

    private mutating func readCodeUnit(_ builder: inout TapeBuilder) throws -> UInt16 {
        guard position &+ 4 <= bytes.count else { throw builder.failure("the JSON ends inside a string", at: bytes.count) }
        var unit: UInt16 = 0
        for _ in 0..<4 {
            let byte = bytes[position]
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte &- UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte &- UInt8(ascii: "a") &+ 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte &- UInt8(ascii: "A") &+ 10
            default: throw builder.failure("four hexadecimal digits are due behind \\u", at: position)
            }
            unit = unit << 4 | UInt16(digit)
            position &+= 1
        }
        return unit
    }
}
