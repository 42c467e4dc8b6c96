internal import PatchbayCore

extension JSONReader {
    /// Powers of ten that a `Double` holds exactly.
    private static let powers: [Double] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
    ]

    /// Reads the number that starts at `position`.
    mutating func readNumber(_ builder: inout TapeBuilder) throws {
        guard let base = bytes.baseAddress, position < bytes.count else {
            throw builder.failure("digits are due in a number", at: position)
        }
        let count = bytes.count
        let start = position
        /// Kept apart while digits are read: the reader's own lies in memory.
        var place = start
        let isNegative = base.load(fromByteOffset: place, as: UInt8.self) == UInt8(ascii: "-")
        if isNegative { place &+= 1 }
        /// The digits without the point, while they fit.
        var mantissa: UInt64 = 0
        /// Digits in the mantissa, from its first that is not zero.
        var digits = 0
        var isInteger = true
        let integerStart = place
        Self.readDigits(base, count, &place, &mantissa, &digits)
        let integerCount = place &- integerStart
        guard integerCount > 0 else { throw builder.failure("digits are due in a number", at: place) }
        guard integerCount == 1 || base.load(fromByteOffset: integerStart, as: UInt8.self) != UInt8(ascii: "0") else {
            throw builder.failure("a number starts with a zero too many", at: integerStart)
        }
        var exponent = 0
        if place < count, base.load(fromByteOffset: place, as: UInt8.self) == UInt8(ascii: ".") {
            isInteger = false
            place &+= 1
            let fraction = place
            Self.readDigits(base, count, &place, &mantissa, &digits)
            exponent = fraction &- place
            guard exponent < 0 else { throw builder.failure("digits are due behind a decimal point", at: place) }
        }
        position = place
        if place < count, base.load(fromByteOffset: place, as: UInt8.self) | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            exponent &+= try readExponent(&builder)
        }
        if isInteger {
            if digits <= 18 {
                // RFC 8259 has no integer -0; a double keeps the sign.
                if isNegative, mantissa == 0 { return try builder.double(-0.0) }
                return try builder.int(isNegative ? 0 &- Int64(truncatingIfNeeded: mantissa) : Int64(truncatingIfNeeded: mantissa))
            }
            guard let integer = BigInteger(decimal: UnsafeRawBufferPointer(rebasing: bytes[start..<position])) else {
                return try builder.number(at: start, count: position &- start)
            }
            return try integer.magnitude.withUnsafeBytes { try builder.bigInteger(isNegative: isNegative, $0) }
        }
        // Both exact, so one operation rounds once and right (Clinger 1990).
        if digits <= 15, abs(exponent) <= 22 {
            let power = Self.powers[abs(exponent)]
            let magnitude = exponent < 0 ? Double(mantissa) / power : Double(mantissa) * power
            return try builder.double(isNegative ? -magnitude : magnitude)
        }
        if digits <= 19, let magnitude = DecimalConversion.double(mantissa, exponent) {
            return try builder.double(isNegative ? -magnitude : magnitude)
        }
        let text = String(decoding: UnsafeRawBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
        guard let double = Double(text), double.isFinite, double != 0 || digits == 0 else {
            return try builder.number(at: start, count: position &- start)
        }
        try builder.double(double)
    }

    @inline(__always)
    private static func readDigits(
        _ base: UnsafeRawPointer,
        _ count: Int,
        _ place: inout Int,
        _ mantissa: inout UInt64,
        _ digits: inout Int
    ) {
        // Zeros in front, and the first digit that is none: from there on each counts.
        while digits == 0, place < count {
            let digit = base.load(fromByteOffset: place, as: UInt8.self) &- UInt8(ascii: "0")
            guard digit < 10 else { return }
            mantissa = UInt64(digit)
            if digit != 0 { digits = 1 }
            place &+= 1
        }
        // Eight at a time, while all fit.
        while digits <= 11, place &+ 8 <= count {
            let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: place, as: UInt64.self))
            guard areDigits(word) else { break }
            mantissa = mantissa &* 100_000_000 &+ number(word)
            digits &+= 8
            place &+= 8
        }
        while place < count {
            let digit = base.load(fromByteOffset: place, as: UInt8.self) &- UInt8(ascii: "0")
            guard digit < 10 else { return }
            if digits < 19 { mantissa = mantissa &* 10 &+ UInt64(digit) }
            digits &+= 1
            place &+= 1
        }
    }

    /// Whether all of eight bytes are digits: the high halves are 3, and stay so where 6 is added.
    @inline(__always)
    private static func areDigits(_ word: UInt64) -> Bool {
        let halves: UInt64 = 0xF0F0_F0F0_F0F0_F0F0
        return word & halves | ((word &+ 0x0606_0606_0606_0606) & halves) >> 4 == 0x3333_3333_3333_3333
    }

    /// The number that eight digits say: pairs, then fours, then all (Lemire, 2018).
    @inline(__always)
    private static func number(_ word: UInt64) -> UInt64 {
        let pairs = ((word & 0x0F0F_0F0F_0F0F_0F0F) &* 2561) >> 8
        let fours = ((pairs & 0x00FF_00FF_00FF_00FF) &* 6_553_601) >> 16
        return ((fours & 0x0000_FFFF_0000_FFFF) &* 42_949_672_960_001) >> 32
    }

    /// Reads `e`, a sign and digits; an exponent beyond all use stays at the bound.
    private mutating func readExponent(_ builder: inout TapeBuilder) throws -> Int {
        position &+= 1
        var isNegative = false
        if position < bytes.count, bytes[position] == UInt8(ascii: "-") || bytes[position] == UInt8(ascii: "+") {
            isNegative = bytes[position] == UInt8(ascii: "-")
            position &+= 1
        }
        let start = position
        var exponent = 0
        while position < bytes.count {
            let digit = bytes[position] &- UInt8(ascii: "0")
            guard digit < 10 else { break }
            exponent = min(exponent &* 10 &+ Int(digit), 1_000_000)
            position &+= 1
        }
        guard position > start else { throw builder.failure("digits are due in a number's exponent", at: position) }
        return isNegative ? -exponent : exponent
    }
}
