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

    /// Moves to the next quote or backslash, and gives it.
    @inline(__always)
    private mutating func scan(_ isASCII: inout Bool, _ builder: inout TapeBuilder) throws -> UInt8 {
        if let base = bytes.baseAddress { position &+= JSONScan.plain(base + position, bytes.count &- position, &isASCII) }
        guard position < bytes.count else { throw builder.failure("the JSON ends inside a string", at: position) }
        let stop = bytes[position]
        guard stop >= 0x20 else { throw builder.failure("a control character stands in a string unescaped", at: position) }
        return stop
    }

    /// Reads the rest of a string that has an escape at `position`.
    private mutating func readEscapedString(from start: Int, _ builder: inout TapeBuilder) throws {
        var arena = ByteBuffer()
        swap(&arena, &builder.arena)
        let arenaStart = arena.readableBytes
        // No escape is longer than what it stands for, so that this is room for the rest of the message; a copy may overshoot by 7.
        try arena.writeWithUnsafeMutableBytes(minimumWritableBytes: bytes.count &- start &+ 16) { room in
            guard let output = room.baseAddress, let input = bytes.baseAddress else { return 0 }
            var written = position &- start
            output.copyMemory(from: input + start, byteCount: written)
            while true {
                let plain = JSONScan.copy(input + position, bytes.count &- position, to: output + written)
                written &+= plain
                position &+= plain
                guard position < bytes.count else { throw builder.failure("the JSON ends inside a string", at: position) }
                let stop = bytes[position]
                guard stop >= 0x20 else { throw builder.failure("a control character stands in a string unescaped", at: position) }
                position &+= 1
                if stop == UInt8(ascii: "\"") { return written }
                written &+= try readEscape(output + written, &builder)
            }
        }
        swap(&arena, &builder.arena)
        do {
            try builder.stringInArena(from: arenaStart)
        } catch let error as PatchbayError where error.code == .decodingFailed {
            throw builder.failure("text is not UTF-8", at: start)
        }
    }

    /// Reads what stands behind a backslash, writes what it stands for, and says how many bytes that is.
    private mutating func readEscape(_ output: UnsafeMutableRawPointer, _ builder: inout TapeBuilder) throws -> Int {
        guard position < bytes.count else { throw builder.failure("the JSON ends inside a string", at: position) }
        let escape = bytes[position]
        position &+= 1
        let byte: UInt8
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): byte = escape
        case UInt8(ascii: "b"): byte = 0x08
        case UInt8(ascii: "f"): byte = 0x0C
        case UInt8(ascii: "n"): byte = 0x0A
        case UInt8(ascii: "r"): byte = 0x0D
        case UInt8(ascii: "t"): byte = 0x09
        case UInt8(ascii: "u"): return try readCodePoint(output, &builder)
        default:
            throw builder.failure("an unknown escape stands in a string", at: position - 2)
        }
        output.storeBytes(of: byte, as: UInt8.self)
        return 1
    }

    /// Reads the digits behind `\u`, and of a pair of surrogates the second half, too.
    private mutating func readCodePoint(_ output: UnsafeMutableRawPointer, _ builder: inout TapeBuilder) throws -> Int {
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
        var count = 0
        for byte in String(scalar).utf8 {
            output.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
            count += 1
        }
        return count
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
