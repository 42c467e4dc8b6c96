internal import PatchbayCore

/// The opcodes of protocol 0, whose arguments are lines of text.
extension PickleMachine {
    /// CPython's own bound for decimal text, because converting it takes quadratic time.
    private static let mostDigits = 4300

    /// The text up to the next newline.
    mutating func takeLine() throws(PatchbayError) -> String {
        let line = try takeLineRange()
        guard isValidUTF8(UnsafeRawBufferPointer(rebasing: bytes[line])) else { throw failure("text is not UTF-8") }
        return String(decoding: UnsafeRawBufferPointer(rebasing: bytes[line]), as: UTF8.self)
    }

    private mutating func takeLineRange() throws(PatchbayError) -> Range<Int> {
        guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else { throw endsEarly() }
        defer { position = end + 1 }
        return position..<end
    }

    /// A memo index as text.
    mutating func takeIndex() throws(PatchbayError) -> Int {
        let text = try takeLine()
        guard let index = Int(text), index >= 0 else { throw failure("a memo index is no number") }
        return index
    }

    mutating func runText(_ opcode: UInt8) throws(PatchbayError) {
        switch opcode {
        case PickleOpcode.int:
            let text = try takeLine()
            switch text {
            case "00": push(Token(.bool))
            case "01": push(Token(.bool, detail: 1))
            default: try pushDecimal(text)
            }
        case PickleOpcode.long:
            let text = try takeLine()
            try pushDecimal(text.hasSuffix("L") ? String(text.dropLast()) : text)
        case PickleOpcode.float:
            guard let value = Double(try takeLine()) else { throw failure("FLOAT has no number") }
            push(Token(.double, payload: value.bitPattern))
        case PickleOpcode.unicode:
            try pushUnescaped(try takeLineRange(), isRaw: true)
        default:
            let line = try takeLineRange()
            guard line.count >= 2, let quote = bytes[line].first, quote == bytes[line].last,
                quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"")
            else { throw failure("STRING is not quoted") }
            try pushUnescaped((line.lowerBound + 1)..<(line.upperBound - 1), isRaw: false)
        }
    }

    private mutating func pushDecimal(_ text: String) throws(PatchbayError) {
        if let small = Int64(text) { return push(Token(.int, payload: UInt64(bitPattern: small))) }
        if let word = UInt64(text) { return push(Token(.unsigned, payload: word)) }
        let isNegative = text.utf8.first == UInt8(ascii: "-")
        let digits = Array(text.utf8.dropFirst(isNegative ? 1 : 0))
        guard digits.count <= Self.mostDigits else {
            throw PatchbayError(
                .limitExceeded,
                "an integer is written with \(digits.count) decimal digits, where \(Self.mostDigits) are read; use protocol 2",
                stage: .decode,
                layer: PythonPlugin.codecName
            )
        }
        guard !digits.isEmpty, digits.allSatisfy({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) else {
            throw failure("an integer is written as no number")
        }
        var magnitude: [UInt8] = []  // least significant first
        for digit in digits {
            var carry = Int(digit - UInt8(ascii: "0"))
            for index in magnitude.indices {
                carry += Int(magnitude[index]) * 10
                magnitude[index] = UInt8(truncatingIfNeeded: carry)
                carry >>= 8
            }
            if carry > 0 { magnitude.append(UInt8(carry)) }
        }
        guard magnitude.count > 7 else { throw failure("an integer is written with needless zeros") }
        magnitude.reverse()
        magnitude.withUnsafeBytes { pushArena(isNegative ? .negativeBigInteger : .positiveBigInteger, $0) }
    }

    /// Text with backslash escapes: of UNICODE only `\u` and `\U`, the rest being Latin-1; of STRING those of a Python literal in ASCII.
    private mutating func pushUnescaped(_ line: Range<Int>, isRaw: Bool) throws(PatchbayError) {
        var text = String.UnicodeScalarView()
        var high: UInt32?
        var index = line.lowerBound
        while index < line.upperBound {
            var value = UInt32(bytes[index])
            var isEscape = false
            index += 1
            guard isRaw || value < 0x80 else { throw failure("a str of Python 2 is not ASCII; send unicode instead") }
            if value == 0x5C, index < line.upperBound {
                let (digits, plain) = Self.escape(bytes[index], isRaw: isRaw)
                if digits > 0 {
                    guard index + digits < line.upperBound,
                        let code = UInt32(String(decoding: bytes[(index + 1)...(index + digits)], as: UTF8.self), radix: 16)
                    else { throw failure("an escape in text is incomplete") }
                    (value, isEscape) = (code, true)
                    index += digits + 1
                } else if let plain {
                    value = UInt32(plain)
                    index += 1
                }
            }
            if let lead = high {
                guard isEscape, (0xDC00...0xDFFF).contains(value) else { throw failure("text holds half a surrogate pair") }
                value = 0x10000 + (lead - 0xD800) << 10 + (value - 0xDC00)
                high = nil
            } else if isEscape, (0xD800...0xDBFF).contains(value) {
                high = value
                continue
            }
            guard let scalar = Unicode.Scalar(value), isRaw || value < 0x80 else { throw failure("text holds an invalid character") }
            text.append(scalar)
        }
        guard high == nil else { throw failure("text holds half a surrogate pair") }
        var string = String(text)
        string.withUTF8 { pushArena(.string, UnsafeRawBufferPointer($0)) }
    }

    /// What follows a backslash: so many hexadecimal digits, or the character that it stands for.
    private static func escape(_ letter: UInt8, isRaw: Bool) -> (digits: Int, plain: UInt8?) {
        switch letter {
        case UInt8(ascii: "u") where isRaw: (4, nil)
        case UInt8(ascii: "U") where isRaw: (8, nil)
        case _ where isRaw: (0, nil)
        case UInt8(ascii: "x"): (2, nil)
        case UInt8(ascii: "n"): (0, 10)
        case UInt8(ascii: "r"): (0, 13)
        case UInt8(ascii: "t"): (0, 9)
        case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""): (0, letter)
        default: (0, nil)
        }
    }
}
