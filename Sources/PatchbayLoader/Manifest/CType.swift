/// An integer type of C on this machine.
struct CInteger: Sendable, Hashable {
    /// 8, 16, 32 or 64.
    var bits: Int
    var isSigned: Bool

    var range: ClosedRange<Int128> {
        let magnitude = Int128(1) << Int128(isSigned ? bits - 1 : bits)
        return (isSigned ? -magnitude : 0)...(magnitude - 1)
    }

    /// What a function returned, of which only the declared width counts: the rest is what the register held.
    func value(of bits: UInt64) -> Int128 {
        switch (self.bits, isSigned) {
        case (8, true): Int128(Int8(truncatingIfNeeded: bits))
        case (8, false): Int128(UInt8(truncatingIfNeeded: bits))
        case (16, true): Int128(Int16(truncatingIfNeeded: bits))
        case (16, false): Int128(UInt16(truncatingIfNeeded: bits))
        case (32, true): Int128(Int32(truncatingIfNeeded: bits))
        case (32, false): Int128(UInt32(truncatingIfNeeded: bits))
        case (_, true): Int128(Int64(truncatingIfNeeded: bits))
        case (_, false): Int128(bits)
        }
    }
}

/// A type of C, as far as a manifest can use one.
indirect enum CType: Sendable, Hashable {
    case void
    case integer(CInteger)
    /// A structure, or a name that no header explained: it has no size, so only a pointer to it can be passed on.
    case opaque(String)
    case pointer(to: CType, isConstant: Bool)

    var integer: CInteger? { if case .integer(let integer) = self { integer } else { nil } }

    var isPointer: Bool { if case .pointer = self { true } else { false } }

    /// Points at bytes: `void *`, `char *`, `uint8_t *`.
    var pointsAtBytes: Bool {
        guard case .pointer(let pointee, _) = self else { return false }
        return pointee == .void || pointee.integer?.bits == 8
    }

    /// Points at bytes that the function may change.
    var pointsAtWritableBytes: Bool {
        guard case .pointer(_, let isConstant) = self else { return false }
        return pointsAtBytes && !isConstant
    }

    /// What a pointer to one integer, which the function changes, points at.
    var integerCell: CInteger? {
        guard case .pointer(.integer(let integer), false) = self, integer.bits >= 16 else { return nil }
        return integer
    }

    /// Points at something that only the library understands.
    var pointsAtOpaque: Bool {
        guard case .pointer(let pointee, _) = self else { return false }
        if case .opaque = pointee { return true }
        return pointee == .void
    }

    /// Points at a pointer to something that only the library understands.
    var pointsAtOpaquePointer: Bool {
        guard case .pointer(let pointee, false) = self else { return false }
        return pointee.pointsAtOpaque
    }
}

extension CInteger {
    static let int = Self(bits: CInt.bitWidth, isSigned: true)
    static let size = Self(bits: UInt.bitWidth, isSigned: false)

    /// The names of the standard's headers.
    static let named: [String: CInteger] = [
        "size_t": size,
        "ssize_t": Self(bits: Int.bitWidth, isSigned: true),
        "ptrdiff_t": Self(bits: Int.bitWidth, isSigned: true),
        "intptr_t": Self(bits: Int.bitWidth, isSigned: true),
        "uintptr_t": size,
        "int8_t": Self(bits: 8, isSigned: true),
        "uint8_t": Self(bits: 8, isSigned: false),
        "int16_t": Self(bits: 16, isSigned: true),
        "uint16_t": Self(bits: 16, isSigned: false),
        "int32_t": Self(bits: 32, isSigned: true),
        "uint32_t": Self(bits: 32, isSigned: false),
        "int64_t": Self(bits: 64, isSigned: true),
        "uint64_t": Self(bits: 64, isSigned: false),
        "bool": Self(bits: 8, isSigned: false),
        "_Bool": Self(bits: 8, isSigned: false),
    ]

    /// What words such as `unsigned long long` mean, in any order; nil where they mean no integer.
    init?(words: [String]) {
        var counts: [String: Int] = [:]
        for word in words { counts[word, default: 0] += 1 }
        let longs = counts.removeValue(forKey: "long") ?? 0
        let isUnsigned = counts.removeValue(forKey: "unsigned") ?? 0
        let isMarkedSigned = counts.removeValue(forKey: "signed") ?? 0
        let shorts = counts.removeValue(forKey: "short") ?? 0
        let characters = counts.removeValue(forKey: "char") ?? 0
        let ints = counts.removeValue(forKey: "int") ?? 0
        guard counts.isEmpty, isUnsigned + isMarkedSigned <= 1, shorts <= 1, characters <= 1, ints <= 1, longs <= 2,
            (longs > 0 ? 1 : 0) + shorts + characters <= 1, characters == 0 || ints == 0
        else { return nil }
        let bits =
            switch (characters, shorts, longs) {
            case (1, _, _): 8
            case (_, 1, _): CShort.bitWidth
            case (_, _, 1): CLong.bitWidth
            case (_, _, 2): CLongLong.bitWidth
            default: CInt.bitWidth
            }
        let isPlainCharacter = characters == 1 && isUnsigned + isMarkedSigned == 0
        self.init(bits: bits, isSigned: isPlainCharacter ? CChar.min < 0 : isUnsigned == 0)
    }
}
