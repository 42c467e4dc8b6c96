/// Percent-encoding, RFC 3986 section 2.
package enum PercentCoding {
    /// Keeps the unreserved characters, and one more where asked; encodes all other bytes.
    package static func encode(_ bytes: some Sequence<UInt8>, keeping kept: UInt8? = nil) -> [UInt8] {
        let digits = StaticString("0123456789ABCDEF")
        var result: [UInt8] = []
        result.reserveCapacity(bytes.underestimatedCount)
        for byte in bytes {
            if byte.isUnreserved || byte == kept {
                result.append(byte)
            } else {
                result.append(UInt8(ascii: "%"))
                result.append(digits.utf8Start[Int(byte >> 4)])
                result.append(digits.utf8Start[Int(byte & 15)])
            }
        }
        return result
    }

    package static func encode(_ text: String) -> String { String(decoding: encode(text.utf8), as: UTF8.self) }
}

extension UInt8 {
    var isLowerCase: Bool { self >= 0x61 && self <= 0x7A }
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }

    /// `unreserved` of RFC 3986 section 2.3.
    var isUnreserved: Bool {
        switch self {
        case 0x61...0x7A, 0x41...0x5A, 0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"): true
        default: false
        }
    }

    /// `sub-delims` of RFC 3986 section 2.2.
    var isSubDelimiter: Bool {
        switch self {
        case UInt8(ascii: "!"), UInt8(ascii: "$"), UInt8(ascii: "&"), UInt8(ascii: "'"), UInt8(ascii: "("), UInt8(ascii: ")"),
            UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "="):
            true
        default: false
        }
    }

    /// The value of a hexadecimal digit.
    var hexadecimalValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x41 + 10
        case 0x61...0x66: self - 0x61 + 10
        default: nil
        }
    }
}
