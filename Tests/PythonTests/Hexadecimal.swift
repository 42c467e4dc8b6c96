internal import NIOCore

/// Bytes from hexadecimal digits, as vectors are written.
func bytes(_ digits: some StringProtocol) -> [UInt8] {
    var result: [UInt8] = []
    var high: UInt8?
    for character in digits.utf8 where character != UInt8(ascii: " ") {
        let nibble = character <= UInt8(ascii: "9") ? character - UInt8(ascii: "0") : (character | 0x20) - UInt8(ascii: "a") + 10
        if let lead = high {
            result.append(lead << 4 | nibble)
            high = nil
        } else {
            high = nibble
        }
    }
    return result
}

func buffer(_ digits: some StringProtocol) -> ByteBuffer { ByteBuffer(bytes: bytes(digits)) }

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
