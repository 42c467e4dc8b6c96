extension FixedWidthInteger {
    /// The integer, if it fits.
    public init?(exactly value: BigInteger) {
        guard value.magnitude.count <= Self.bitWidth / 8 else { return nil }
        var result: Self = 0
        for byte in value.magnitude {
            let (shifted, overflow) = result.multipliedReportingOverflow(by: 256)
            guard !overflow, let digit = Self(exactly: byte) else { return nil }
            let (sum, beyond) =
                value.isNegative ? shifted.subtractingReportingOverflow(digit) : shifted.addingReportingOverflow(digit)
            guard !beyond else { return nil }
            result = sum
        }
        self = result
    }
}

extension Double {
    /// The nearest double; infinite where it is beyond the range.
    public init(_ value: BigInteger) {
        // 9 bytes hold more than a double's 53 bits and the bit that rounds; a bit below them only breaks ties.
        let head = value.magnitude.prefix(9)
        let isTie = value.magnitude.dropFirst(9).contains { $0 != 0 }
        var bits = head.reduce(UInt128(0)) { $0 << 8 | UInt128($1) } << 1
        if isTie { bits |= 1 }
        let exponent = 8 * (value.magnitude.count - head.count) - 1
        let result = exponent > 1100 ? Double.infinity : Double(sign: .plus, exponent: exponent, significand: Double(bits))
        self = value.isNegative ? -result : result
    }
}

extension BigInteger {
    /// Reading and printing decimal digits takes quadratic time; more are refused (CPython's limit too).
    public static let greatestDecimalDigits = 4300

    /// ASCII digits, maybe behind a minus; nil for anything else, and for more than ``greatestDecimalDigits``.
    public init?(decimal text: UnsafeRawBufferPointer) {
        let isNegative = text.first == UInt8(ascii: "-")
        let digits = text.dropFirst(isNegative ? 1 : 0)
        guard !digits.isEmpty, digits.count <= Self.greatestDecimalDigits else { return nil }
        /// Least significant first.
        var words: [UInt64] = []
        var position = digits.startIndex
        while position < digits.endIndex {
            let end = min(position + 18, digits.endIndex)
            var carry: UInt64 = 0
            var scale: UInt64 = 1
            while position < end {
                let digit = digits[position] &- UInt8(ascii: "0")
                guard digit < 10 else { return nil }
                carry = carry * 10 + UInt64(digit)
                scale *= 10
                position += 1
            }
            for index in words.indices {
                let product = words[index].multipliedFullWidth(by: scale)
                let (low, overflow) = product.low.addingReportingOverflow(carry)
                words[index] = low
                carry = product.high + (overflow ? 1 : 0)
            }
            if carry != 0 { words.append(carry) }
        }
        var magnitude: [UInt8] = []
        for word in words.reversed() {
            for shift in stride(from: 56 as UInt64, through: 0, by: -8) { magnitude.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        magnitude = Array(magnitude.drop { $0 == 0 })
        self.init(isNegative: isNegative && !magnitude.isEmpty, magnitude: magnitude.isEmpty ? [0] : magnitude)
    }

    /// Decimal digits; nil where there are more than ``greatestDecimalDigits``.
    public var decimal: String? {
        // A byte is worth 2.41 digits.
        guard magnitude.count <= Self.greatestDecimalDigits * 100 / 240 else { return nil }
        /// Least significant first.
        var words: [UInt64] = []
        for end in stride(from: magnitude.count, to: 0, by: -8) {
            words.append(magnitude[max(0, end - 8)..<end].reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        }
        let scale: UInt64 = 1_000_000_000_000_000_000
        var groups: [UInt64] = []
        while !words.isEmpty {
            var remainder: UInt64 = 0
            for index in words.indices.reversed() {
                (words[index], remainder) = scale.dividingFullWidth((remainder, words[index]))
            }
            groups.append(remainder)
            while words.last == 0 { words.removeLast() }
        }
        var text = isNegative ? "-" : ""
        text += "\(groups.popLast() ?? 0)"
        for group in groups.reversed() {
            let digits = "\(group)"
            text += String(repeating: "0", count: 18 - digits.utf8.count) + digits
        }
        return text.utf8.count <= Self.greatestDecimalDigits + 1 ? text : nil
    }
}

extension BigInteger: CustomStringConvertible {
    public var description: String { decimal ?? "\(isNegative ? "-" : "")an integer of \(magnitude.count) bytes" }
}
