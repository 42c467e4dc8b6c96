/// Looks for the bytes that end or interrupt a JSON string: quotes, backslashes and controls; sixteen at a time, then eight.
enum JSONScan {
    private static var ones: UInt64 { 0x0101_0101_0101_0101 }
    private static var highs: UInt64 { 0x8080_8080_8080_8080 }

    /// The high bit of each byte of a word that stops; exact up to the first such byte.
    @inline(__always)
    static func stops(_ word: UInt64) -> UInt64 {
        let quotes = word ^ (ones &* 0x22)
        let backslashes = word ^ (ones &* 0x5C)
        return ((quotes &- ones) & ~quotes | (backslashes &- ones) & ~backslashes | (word &- ones &* 0x20) & ~word) & highs
    }

    @inline(__always)
    static func isStop(_ byte: UInt8) -> Bool { byte < 0x20 || byte == 0x22 || byte == 0x5C }

    /// Copies up to the first byte that stops, and says how many bytes came before it; may write up to seven bytes more.
    @inline(__always)
    static func copy(_ source: UnsafeRawPointer, _ count: Int, to place: UnsafeMutableRawPointer) -> Int {
        var position = 0
        while position &+ 16 <= count {
            let first = source.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            let second = source.loadUnaligned(fromByteOffset: position &+ 8, as: UInt64.self)
            if stops(first) | stops(second) != 0 { break }
            (place + position).storeBytes(of: first, as: UInt64.self)
            place.storeBytes(of: second, toByteOffset: position &+ 8, as: UInt64.self)
            position &+= 16
        }
        while position &+ 8 <= count {
            let word = source.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            (place + position).storeBytes(of: word, as: UInt64.self)
            let found = stops(UInt64(littleEndian: word))
            if found != 0 { return position &+ found.trailingZeroBitCount >> 3 }
            position &+= 8
        }
        while position < count {
            let byte = source.load(fromByteOffset: position, as: UInt8.self)
            if isStop(byte) { return position }
            place.storeBytes(of: byte, toByteOffset: position, as: UInt8.self)
            position &+= 1
        }
        return position
    }

    /// How many bytes come before the first that stops, or all; and whether any of them was not ASCII.
    @inline(__always)
    static func plain(_ source: UnsafeRawPointer, _ count: Int, _ isASCII: inout Bool) -> Int {
        var position = 0
        var seen: UInt64 = 0
        while position &+ 16 <= count {
            let first = source.loadUnaligned(fromByteOffset: position, as: UInt64.self)
            let second = source.loadUnaligned(fromByteOffset: position &+ 8, as: UInt64.self)
            if stops(first) | stops(second) != 0 { break }
            seen |= first | second
            position &+= 16
        }
        defer { if seen & highs != 0 { isASCII = false } }
        while position &+ 8 <= count {
            let word = UInt64(littleEndian: source.loadUnaligned(fromByteOffset: position, as: UInt64.self))
            let found = stops(word)
            guard found == 0 else {
                let before = found.trailingZeroBitCount >> 3
                seen |= word & (1 << UInt64(before << 3) &- 1)
                return position &+ before
            }
            seen |= word
            position &+= 8
        }
        while position < count {
            let byte = source.load(fromByteOffset: position, as: UInt8.self)
            if isStop(byte) { return position }
            seen |= UInt64(byte)
            position &+= 1
        }
        return position
    }
}
