internal import PatchbayCore

/// Reads one message. Whatever the bytes are, it must neither trap nor read beyond them: they come from the network.
struct AcmeReader {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    /// Reads a scalar, or the begin or the end of a container.
    mutating func readNext(into builder: inout TapeBuilder) throws {
        guard position < bytes.count else { throw builder.failure("the message ends before its value does", at: position) }
        let letter = bytes[position]
        position += 1
        switch letter {
        case UInt8(ascii: "n"): try builder.null()
        case UInt8(ascii: "t"): try builder.bool(true)
        case UInt8(ascii: "f"): try builder.bool(false)
        case UInt8(ascii: "i"): try builder.int(try integer(endsWith: UInt8(ascii: "e"), builder))
        case UInt8(ascii: "r"): try builder.double(Double(bitPattern: try bits(builder)))
        case UInt8(ascii: "s"):
            let range = try counted(builder)
            try builder.string(at: range.lowerBound, count: range.count)
        case UInt8(ascii: "b"):
            let range = try counted(builder)
            try builder.bytes(at: range.lowerBound, count: range.count)
        case UInt8(ascii: "l"): try builder.open(.array, count: nil)
        case UInt8(ascii: "d"): try builder.openMap(count: nil)
        case UInt8(ascii: "e"): try builder.close()
        default: throw builder.failure("no value begins with the byte \(letter)", at: position - 1)
        }
    }

    private mutating func integer(endsWith end: UInt8, _ builder: TapeBuilder) throws -> Int64 {
        let rest = bytes[position...]
        guard let length = rest.prefix(21).firstIndex(of: end).map({ $0 - position }),
            let number = Int64(String(decoding: rest.prefix(length), as: UTF8.self)),
            // One way to write each number: no plus sign, no leading zero.
            String(number).utf8.elementsEqual(rest.prefix(length))
        else { throw builder.failure("an integer is due", at: position) }
        position += length + 1
        return number
    }

    private mutating func bits(_ builder: TapeBuilder) throws -> UInt64 {
        let digits = bytes[position...].prefix(16)
        guard digits.count == 16, digits.first != UInt8(ascii: "+"),
            let bits = UInt64(String(decoding: digits, as: UTF8.self), radix: 16)
        else { throw builder.failure("16 hexadecimal digits are due", at: position) }
        position += 16
        return bits
    }

    /// A length, a colon, and so many bytes.
    private mutating func counted(_ builder: TapeBuilder) throws -> Range<Int> {
        let start = position
        let length = try integer(endsWith: UInt8(ascii: ":"), builder)
        guard length >= 0, length <= bytes.count - position else { throw builder.failure("a text is longer than the message", at: start) }
        defer { position += Int(length) }
        return position..<position + Int(length)
    }
}
