/// Whether bytes are well-formed UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
public func isValidUTF8(_ bytes: UnsafeRawBufferPointer) -> Bool {
    guard let base = bytes.baseAddress else { return true }
    let count = bytes.count
    var index = 0
    while index < count {
        if index &+ 32 <= count {
            let first =
                base.loadUnaligned(fromByteOffset: index, as: UInt64.self) | base.loadUnaligned(fromByteOffset: index &+ 8, as: UInt64.self)
            let second =
                base.loadUnaligned(fromByteOffset: index &+ 16, as: UInt64.self)
                | base.loadUnaligned(fromByteOffset: index &+ 24, as: UInt64.self)
            if (first | second) & 0x8080_8080_8080_8080 == 0 {
                index &+= 32
                continue
            }
        }
        if index &+ 8 <= count {
            let high = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self)) & 0x8080_8080_8080_8080
            if high == 0 {
                index &+= 8
                continue
            }
            index &+= high.trailingZeroBitCount >> 3
        }
        let first = bytes[index]
        if first < 0x80 {
            index &+= 1
            continue
        }
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch first {
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xE1...0xEC, 0xEE...0xEF: length = 3
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return false
        }
        guard length <= count &- index, second.contains(bytes[index &+ 1]) else { return false }
        for offset in 2..<max(length, 2) where bytes[index &+ offset] & 0xC0 != 0x80 { return false }
        index &+= length
    }
    return true
}

/// Whether bytes are ASCII, for runs of at most 16: two loads that overlap see all of them. False for longer ones.
@inline(__always)
func isShortASCII(_ bytes: UnsafeRawBufferPointer) -> Bool {
    let count = bytes.count
    if count &- 8 <= 8, count >= 8 {
        return (bytes.loadUnaligned(as: UInt64.self) | bytes.loadUnaligned(fromByteOffset: count &- 8, as: UInt64.self))
            & 0x8080_8080_8080_8080 == 0
    }
    if count >= 4, count < 8 {
        return (bytes.loadUnaligned(as: UInt32.self) | bytes.loadUnaligned(fromByteOffset: count &- 4, as: UInt32.self)) & 0x8080_8080 == 0
    }
    guard count < 4 else { return false }
    var seen: UInt8 = 0
    for byte in bytes { seen |= byte }
    return seen < 0x80
}
