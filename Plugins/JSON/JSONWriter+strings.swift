internal import NIOCore
internal import PatchbayCore

extension JSONWriter {
    public mutating func string(_ utf8: UnsafeRawBufferPointer) throws {
        let plain = Self.plainCount(utf8, from: 0)
        if plain == utf8.count {
            put(atMost: plain &+ 2) { output in
                output[0] = 0x22
                UnsafeMutableRawBufferPointer(rebasing: output[1...]).copyMemory(from: utf8)
                output[plain &+ 1] = 0x22
                return plain &+ 2
            }
        } else {
            put(atMost: 1) { output in
                output[0] = 0x22
                return 1
            }
            writeEscaped(utf8)
            buffer.writeInteger(UInt8(0x22))
        }
        if isKey {
            isKey = false
            separator = 0x3A
        } else {
            isKey = isMap
            separator = 0x2C
        }
    }

    /// Base64 text, as JSON has no bytes.
    public mutating func bytes(_ bytes: UnsafeRawBufferPointer) throws {
        let count = Base64.encodedCount(bytes.count)
        try put(atMost: count &+ 2, "bytes") { output in
            output[0] = 0x22
            Base64.encode(bytes, into: UnsafeMutableRawBufferPointer(rebasing: output[1...]))
            output[count &+ 1] = 0x22
            return count &+ 2
        }
    }

    /// How many bytes from `start` on need no escape, looked at eight at a time.
    private static func plainCount(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let highs: UInt64 = 0x8080_8080_8080_8080
        var position = start
        while position &+ 8 <= bytes.count {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let quotes = word ^ (ones &* 0x22)
            let backslashes = word ^ (ones &* 0x5C)
            let stops =
                ((quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes | (word &- ones &* 0x20) & ~word) & highs
            if stops != 0 { return position &+ stops.trailingZeroBitCount >> 3 &- start }
            position &+= 8
        }
        while position < bytes.count, bytes[position] >= 0x20, bytes[position] != 0x22, bytes[position] != 0x5C { position &+= 1 }
        return position &- start
    }

    private mutating func writeEscaped(_ bytes: UnsafeRawBufferPointer) {
        var position = 0
        while true {
            let plain = Self.plainCount(bytes, from: position)
            buffer.writeBytes(UnsafeRawBufferPointer(rebasing: bytes[position..<(position &+ plain)]))
            position &+= plain
            guard position < bytes.count else { return }
            let byte = bytes[position]
            position &+= 1
            switch byte {
            case 0x22, 0x5C: buffer.writeMultipleIntegers(UInt8(0x5C), byte)
            case 0x08: buffer.writeStaticString("\\b")
            case 0x09: buffer.writeStaticString("\\t")
            case 0x0A: buffer.writeStaticString("\\n")
            case 0x0C: buffer.writeStaticString("\\f")
            case 0x0D: buffer.writeStaticString("\\r")
            default:
                buffer.writeStaticString("\\u00")
                buffer.writeMultipleIntegers(Self.hexadecimal(byte >> 4), Self.hexadecimal(byte & 15))
            }
        }
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 { digit < 10 ? 0x30 &+ digit : 0x57 &+ digit }
}
