/// IEEE 754 binary16 by its bits, as `Float16` does not exist everywhere. NaNs keep their payload.
enum HalfPrecision {
    /// The bits of the 32-bit float of the same value.
    static func widen(_ half: UInt16) -> UInt32 {
        let sign = UInt32(half & 0x8000) << 16
        let exponent = UInt32(half >> 10) & 0x1F
        let fraction = UInt32(half & 0x3FF)
        switch exponent {
        case 0: return sign | (Float(fraction) * 0x1p-24).bitPattern
        case 31: return sign | 0x7F80_0000 | fraction << 13
        default: return sign | (exponent + 112) << 23 | fraction << 13
        }
    }

    /// The bits of the 16-bit float of the same value; nil where there is none.
    static func narrow(_ float: UInt32) -> UInt16? {
        let sign = UInt16(truncatingIfNeeded: float >> 16) & 0x8000
        let exponent = Int(float >> 23) & 0xFF
        let fraction = float & 0x7F_FFFF
        switch exponent {
        case 0 where fraction == 0:
            return sign
        case 0xFF where fraction & 0x1FFF == 0:
            return sign | 0x7C00 | UInt16(fraction >> 13)
        case 113...142 where fraction & 0x1FFF == 0:
            return sign | UInt16(exponent - 112) << 10 | UInt16(fraction >> 13)
        case 103...112:
            // Subnormal: a multiple of 2^-24.
            let significand = fraction | 0x80_0000
            let shift = UInt32(126 - exponent)
            guard significand & (1 << shift - 1) == 0 else { return nil }
            return sign | UInt16(significand >> shift)
        default:
            return nil
        }
    }

    /// The bits of the 32-bit float of the same value; nil where there is none.
    static func narrow(_ double: Double) -> UInt32? {
        if double.isNaN {
            // By the bits, as a conversion would make a signalling NaN quiet.
            let bits = double.bitPattern
            guard bits & 0x1FFF_FFFF == 0 else { return nil }
            return UInt32(bits >> 32) & 0x8000_0000 | 0x7F80_0000 | UInt32(bits >> 29 & 0x7F_FFFF)
        }
        let float = Float(double)
        return Double(float) == double ? float.bitPattern : nil
    }
}
