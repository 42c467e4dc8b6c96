/// RFC 4648 section 4, with padding.
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    /// Six bits for each character; 255 for what is none.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    /// How many characters `count` bytes become.
    package static func encodedCount(_ count: Int) -> Int { (count + 2) / 3 * 4 }

    /// Writes to memory of at least ``encodedCount(_:)`` bytes, and says how many it wrote.
    @discardableResult
    package static func encode(_ bytes: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer) -> Int {
        alphabet.withUnsafeBufferPointer { alphabet in
            var written = 0
            var index = 0
            while index < bytes.count {
                let left = bytes.count - index
                let word =
                    UInt32(bytes[index]) << 16 | (left > 1 ? UInt32(bytes[index + 1]) << 8 : 0) | (left > 2 ? UInt32(bytes[index + 2]) : 0)
                output[written] = alphabet[Int(word >> 18)]
                output[written + 1] = alphabet[Int(word >> 12 & 63)]
                output[written + 2] = left > 1 ? alphabet[Int(word >> 6 & 63)] : UInt8(ascii: "=")
                output[written + 3] = left > 2 ? alphabet[Int(word & 63)] : UInt8(ascii: "=")
                written += 4
                index += 3
            }
            return written
        }
    }

    package static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
        String(unsafeUninitializedCapacity: encodedCount(bytes.count)) { encode(bytes, into: UnsafeMutableRawBufferPointer($0)) }
    }

    /// Without the padding, which the length says as well.
    package static func encodeUnpadded(_ bytes: UnsafeRawBufferPointer) -> String { String(encode(bytes).prefix { $0 != "=" }) }

    /// Nil for text with padding, too.
    package static func decodeUnpadded(_ text: some Collection<UInt8>) -> [UInt8]? {
        guard !text.contains(UInt8(ascii: "=")) else { return nil }
        let padded = Array(text) + Array(repeating: UInt8(ascii: "="), count: (4 - text.count % 4) % 4)
        return padded.withUnsafeBytes { decode($0) }
    }

    /// The bytes; nil where a character, the padding or an unused bit is wrong.
    package static func decode(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
        guard text.count.isMultiple(of: 4) else { return nil }
        guard text.count > 0 else { return [] }
        let padding = text[text.count - 1] != UInt8(ascii: "=") ? 0 : text[text.count - 2] != UInt8(ascii: "=") ? 1 : 2
        let count = text.count / 4 * 3 - padding
        /// The high bit stays 0 while every character is of the alphabet.
        var seen: UInt8 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { output, initialized in
            initialized = count
            values.withUnsafeBufferPointer { values in
                let whole = text.count / 4 - (padding > 0 ? 1 : 0)
                for group in 0..<whole {
                    let first = values[Int(text[4 &* group])]
                    let second = values[Int(text[4 &* group &+ 1])]
                    let third = values[Int(text[4 &* group &+ 2])]
                    let fourth = values[Int(text[4 &* group &+ 3])]
                    seen |= first | second | third | fourth
                    output[3 &* group] = first << 2 | second >> 4
                    output[3 &* group &+ 1] = second << 4 | third >> 2
                    output[3 &* group &+ 2] = third << 6 | fourth
                }
                guard padding > 0 else { return }
                let first = values[Int(text[4 * whole])]
                let second = values[Int(text[4 * whole + 1])]
                seen |= first | second
                output[3 * whole] = first << 2 | second >> 4
                if padding == 1 {
                    let third = values[Int(text[4 * whole + 2])]
                    seen |= third
                    output[3 * whole + 1] = second << 4 | third >> 2
                    if third & 3 != 0 { seen = 0x80 }
                } else if second & 15 != 0 {
                    seen = 0x80
                }
            }
        }
        return seen & 0x80 == 0 ? bytes : nil
    }
}
