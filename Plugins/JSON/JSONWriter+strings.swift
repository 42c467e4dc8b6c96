internal import NIOCore
internal import PatchbayCore

extension JSONWriter {
    public mutating func string(_ utf8: UnsafeRawBufferPointer) throws {
        // Copied and looked through in one pass.
        let place = try output.room(utf8.count &+ 32)
        let isSeparated = separator == 0 ? 0 : 1
        place.storeBytes(of: separator, as: UInt8.self)
        place.storeBytes(of: 0x22, toByteOffset: isSeparated, as: UInt8.self)
        output.advance(isSeparated &+ 1)
        var rest = utf8
        while true {
            let plain = try copyPlain(rest)
            guard plain < rest.count else { break }
            try writeEscape(rest[plain])
            rest = UnsafeRawBufferPointer(rebasing: rest[(plain &+ 1)...])
        }
        try output.write(0x22)
        if isKey {
            isKey = false
            separator = 0x3A
        } else {
            isKey = isMap
            separator = 0x2C
        }
    }

    /// Copies what needs no escape, up to the first byte that does, and says how many bytes that was.
    @inline(__always)
    private mutating func copyPlain(_ text: UnsafeRawBufferPointer) throws -> Int {
        guard let source = text.baseAddress else { return 0 }
        let count = text.count
        let place = try output.room(count &+ 16)
        let plain = JSONScan.copy(source, count, to: place)
        output.advance(plain)
        return plain
    }

    /// Base64 text, as JSON has no bytes.
    public mutating func bytes(_ bytes: UnsafeRawBufferPointer) throws {
        let count = Base64.encodedCount(bytes.count)
        try put(atMost: count &+ 2, "bytes") { output in
            output.storeBytes(of: 0x22, as: UInt8.self)
            Base64.encode(bytes, into: UnsafeMutableRawBufferPointer(start: output + 1, count: count))
            output.storeBytes(of: 0x22, toByteOffset: count &+ 1, as: UInt8.self)
            return count &+ 2
        }
    }

    private mutating func writeEscape(_ byte: UInt8) throws {
        let letter: UInt8
        switch byte {
        case 0x22, 0x5C: letter = byte
        case 0x08: letter = UInt8(ascii: "b")
        case 0x09: letter = UInt8(ascii: "t")
        case 0x0A: letter = UInt8(ascii: "n")
        case 0x0C: letter = UInt8(ascii: "f")
        case 0x0D: letter = UInt8(ascii: "r")
        default:
            try output.write(0x5C, UInt32(0x7530_3000) | UInt32(Self.hexadecimal(byte >> 4)))
            return try output.write(Self.hexadecimal(byte & 15))
        }
        try output.write(0x5C, letter)
    }

    private static func hexadecimal(_ digit: UInt8) -> UInt8 { digit < 10 ? 0x30 &+ digit : 0x57 &+ digit }
}
