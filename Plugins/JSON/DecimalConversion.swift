/// A decimal number as the nearest `Double`, for exponents in which most numbers lie: Eisel and Lemire's method
/// (Lemire, Number Parsing at a Gigabyte per Second, 2021).
enum DecimalConversion {
    /// Powers of five from 5^-27 to 5^27, as 128 bits from the highest that is set on; of those below 1, which no binary number
    /// holds, the next above.
    private static let powers: [(high: UInt64, low: UInt64)] = (-27...27).map { exponent in
        // Below 2^63.
        var power: UInt64 = 1
        for _ in 0..<abs(exponent) { power *= 5 }
        guard exponent < 0 else { return (power << UInt64(power.leadingZeroBitCount), 0) }
        // 2^k / power, with k such that the quotient has 128 bits: a long division by one word, then one added.
        let shift = UInt64(power.leadingZeroBitCount)
        let divisor = power << shift
        // The dividend begins with the divisor's highest bit alone, so that the quotient's first word is below 2^64.
        let (first, rest) = divisor.dividingFullWidth((1 << 63, 0))
        let (second, _) = divisor.dividingFullWidth((rest, 0))
        // A first word without its highest bit set cannot be: 2^127 / divisor is above 2^63, since divisor is below 2^64.
        let (low, carry) = second.addingReportingOverflow(1)
        return (first &+ (carry ? 1 : 0), low)
    }

    /// mantissa * 10^exponent; nil where the exponent is out of the table, or where this cannot tell which double is the nearest.
    static func double(_ mantissa: UInt64, _ exponent: Int) -> Double? {
        guard exponent >= -27, exponent <= 27 else { return nil }
        guard mantissa != 0 else { return 0 }
        let shift = mantissa.leadingZeroBitCount
        let normal = mantissa << UInt64(shift)
        let power = powers[exponent + 27]
        var product = normal.multipliedFullWidth(by: power.high)
        if product.high & 0x1FF == 0x1FF {
            // The bits that were left out may decide.
            let rest = normal.multipliedFullWidth(by: power.low)
            let (low, carry) = product.low.addingReportingOverflow(rest.high)
            product = (product.high &+ (carry ? 1 : 0), low)
            if low == .max, exponent < 0 || exponent > 27 { return nil }
        }
        let upper = Int(product.high >> 63)
        var significand = product.high >> UInt64(upper + 64 - 52 - 3)
        // floor(log2(10^exponent)) + 63, as the paper approximates it, and less what was shifted away.
        let binary = ((152_170 + 65_536) * exponent) >> 16 + 63 + upper - shift + 1023
        guard binary > 0, binary < 2046 else { return nil }
        // Half way between two doubles: to the even one, if it is exactly half.
        if product.low <= 1, exponent >= -4, exponent <= 23, significand & 3 == 1,
            significand << UInt64(upper + 64 - 52 - 3) == product.high
        {
            significand &= ~1
        }
        significand += significand & 1
        significand >>= 1
        var biased = binary
        if significand >= 1 << 53 {
            significand = 1 << 52
            biased += 1
        }
        return Double(bitPattern: UInt64(biased) << 52 | significand & (1 << 52 - 1))
    }
}
