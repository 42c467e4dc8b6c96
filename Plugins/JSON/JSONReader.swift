internal import PatchbayCore

/// Reads one JSON text into a tape, without recursion.
struct JSONReader {
    let bytes: UnsafeRawBufferPointer
    var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    mutating func read(into builder: inout TapeBuilder) throws {
        if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
            throw builder.failure("a byte order mark stands before the JSON; RFC 8259 forbids it", at: 0)
        }
        try readValue(&builder)
        while !builder.isComplete {
            let isMap = builder.container == .map
            let next = try skipWhitespace(&builder)
            position &+= 1
            switch next {
            case UInt8(ascii: ","):
                if isMap { try readKey(&builder) }
                try readValue(&builder)
            case UInt8(ascii: "}") where isMap, UInt8(ascii: "]") where !isMap:
                try builder.close()
            default:
                throw builder.failure("a comma or the \(isMap ? "object" : "array")'s end is due", at: position - 1)
            }
        }
        while position < bytes.count, Self.isWhitespace(bytes[position]) { position &+= 1 }
        guard position == bytes.count else { throw builder.failure("there is more behind the JSON value", at: position) }
    }

    /// Reads a scalar, or opens containers down to the first scalar or empty container.
    private mutating func readValue(_ builder: inout TapeBuilder) throws {
        while true {
            let first = try skipWhitespace(&builder)
            switch first {
            case UInt8(ascii: "\""):
                return try readString(&builder)
            case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
                return try readNumber(&builder)
            case UInt8(ascii: "{"):
                try builder.openMap(count: nil)
                position &+= 1
                if try skipWhitespace(&builder) == UInt8(ascii: "}") {
                    position &+= 1
                    return try builder.close()
                }
                try readKey(&builder)
            case UInt8(ascii: "["):
                try builder.open(.array, count: nil)
                position &+= 1
                if try skipWhitespace(&builder) == UInt8(ascii: "]") {
                    position &+= 1
                    return try builder.close()
                }
            case UInt8(ascii: "t"):
                try readWord("true", &builder)
                return try builder.bool(true)
            case UInt8(ascii: "f"):
                try readWord("false", &builder)
                return try builder.bool(false)
            case UInt8(ascii: "n"):
                try readWord("null", &builder)
                return try builder.null()
            default:
                throw builder.failure("a value is due", at: position)
            }
        }
    }

    /// Reads a key and its colon.
    private mutating func readKey(_ builder: inout TapeBuilder) throws {
        guard try skipWhitespace(&builder) == UInt8(ascii: "\"") else {
            throw builder.failure("an object's key is due, in double quotes", at: position)
        }
        try readString(&builder)
        guard try skipWhitespace(&builder) == UInt8(ascii: ":") else {
            throw builder.failure("a colon is due behind a key", at: position)
        }
        position &+= 1
    }

    private mutating func readWord(_ word: StaticString, _ builder: inout TapeBuilder) throws {
        guard position &+ word.utf8CodeUnitCount <= bytes.count,
            bytes[position..<(position &+ word.utf8CodeUnitCount)]
                .elementsEqual(UnsafeBufferPointer(start: word.utf8Start, count: word.utf8CodeUnitCount))
        else { throw builder.failure("a value is due; \(word) may be meant", at: position) }
        position &+= word.utf8CodeUnitCount
    }

    private static func isWhitespace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09
    }

    /// Moves to the next byte that is no space, and gives it.
    @inline(__always)
    private mutating func skipWhitespace(_ builder: inout TapeBuilder) throws -> UInt8 {
        while position < bytes.count {
            let byte = bytes[position]
            guard Self.isWhitespace(byte) else { return byte }
            position &+= 1
        }
        throw builder.failure("the JSON ends before its value does", at: position)
    }
}
