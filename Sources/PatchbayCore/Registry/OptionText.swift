/// What is wrong with an option's text; never with the text in it, which may be a secret in the wrong place.
struct OptionFault: Error {
    var message: String
}

/// Reads the text of an option as its specification says.
package enum OptionText {
    /// A duration as an option would be written, such as `250ms`; nil for anything else.
    package static func duration(_ text: String) -> Duration? { duration(Array(text.utf8)) }

    static func check(_ bytes: [UInt8], _ kind: OptionSpecification.Kind) throws(OptionFault) -> Options.Checked {
        switch kind {
        case .text: return .text(try text(bytes))
        case .flag:
            switch try text(bytes) {
            case "true": return .flag(true)
            case "false": return .flag(false)
            default: throw OptionFault(message: "is true or false, or the name alone")
            }
        case .integer(let range):
            guard let number = integer(bytes[...]), range.contains(number) else {
                throw OptionFault(message: "is a whole number" + words(range))
            }
            return .integer(number)
        case .size(let range):
            guard let number = size(bytes), range.contains(number) else {
                throw OptionFault(message: "is a size in bytes such as 4096, 64KiB, 16MiB or 1GiB" + words(range))
            }
            return .integer(number)
        case .duration(let range, let orNone):
            if orNone, bytes == Array("none".utf8) { return .duration(nil) }
            guard let duration = duration(bytes), range.contains(duration) else {
                throw OptionFault(
                    message: "is a duration such as 250ms, 5s, 2m or 1h\(orNone ? ", or none" : ""), from \(written(range.lowerBound)) to "
                        + written(range.upperBound)
                )
            }
            return .duration(duration)
        case .choice(let choices):
            let chosen = try text(bytes)
            guard choices.contains(chosen) else { throw OptionFault(message: "is one of: \(choices.joined(separator: ", "))") }
            return .text(chosen)
        case .path:
            guard !bytes.isEmpty, !bytes.contains(0) else { throw OptionFault(message: "is a path") }
            return .text(try text(bytes))
        case .mode:
            guard let mode = UnixMode.read(bytes) else {
                throw OptionFault(message: "is a mode such as 600, 0600, =600 or u=rw,g=r")
            }
            return .integer(mode)
        case .byte:
            guard let byte = byte(bytes) else { throw OptionFault(message: "is one byte: a character, or 0x and two hexadecimal digits") }
            return .integer(Int(byte))
        }
    }

    private static func text(_ bytes: [UInt8]) throws(OptionFault) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw OptionFault(message: "is UTF-8 text") }
        return text
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> Int? {
        var digits = bytes
        let isNegative = digits.first == UInt8(ascii: "-")
        if isNegative { digits = digits.dropFirst() }
        guard !digits.isEmpty, digits.count <= 19, digits.allSatisfy(\.isDigit) else { return nil }
        return Int(String(decoding: bytes, as: UTF8.self))
    }

    private static func split(_ bytes: [UInt8]) -> (number: Int, unit: String)? {
        let digits = bytes.prefix { $0.isDigit }
        guard let number = integer(digits) else { return nil }
        return (number, String(decoding: bytes[digits.count...], as: UTF8.self))
    }

    private static func size(_ bytes: [UInt8]) -> Int? {
        guard let (number, unit) = split(bytes) else { return nil }
        let factors = ["": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30]
        guard let factor = factors[unit] else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: factor)
        return overflow ? nil : product
    }

    private static func duration(_ bytes: [UInt8]) -> Duration? {
        // A thousand years in milliseconds: far above any range, far below an overflow.
        guard let (number, unit) = split(bytes), number <= 31_536_000_000_000 else { return nil }
        switch unit {
        case "ms": return .milliseconds(number)
        case "s": return .seconds(number)
        case "m": return .seconds(number * 60)
        case "h": return .seconds(number * 3600)
        default: return nil
        }
    }

    private static func byte(_ bytes: [UInt8]) -> UInt8? {
        if bytes.count == 1 { return bytes[0] }
        guard bytes.count == 4, bytes.starts(with: "0x".utf8), let high = bytes[2].hexadecimalValue, let low = bytes[3].hexadecimalValue
        else { return nil }
        return high << 4 | low
    }

    private static func words(_ range: ClosedRange<Int>) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (Int.min, Int.max): ""
        case (let lower, Int.max): ", \(lower) or more"
        default: ", from \(range.lowerBound) to \(range.upperBound)"
        }
    }

    /// A duration in the largest unit that holds it, as an option would be written.
    static func written(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        if attoseconds != 0 {
            let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
            return overflow ? "\(seconds)s" : "\(product + attoseconds / 1_000_000_000_000_000)ms"
        }
        if seconds != 0, seconds % 3600 == 0 { return "\(seconds / 3600)h" }
        if seconds != 0, seconds % 60 == 0 { return "\(seconds / 60)m" }
        return "\(seconds)s"
    }
}

/// The permissions of a file, as numbers or as letters.
enum UnixMode {
    static func read(_ bytes: [UInt8]) -> Int? {
        let digits = bytes.first == UInt8(ascii: "=") ? bytes[1...] : bytes[...]
        if let first = digits.first, first.isDigit {
            guard digits.count <= 4, digits.allSatisfy({ $0 >= 0x30 && $0 <= 0x37 }) else { return nil }
            let mode = digits.reduce(0) { $0 << 3 | Int($1 - 0x30) }
            return mode <= 0o777 ? mode : nil
        }
        return symbolic(bytes)
    }

    /// Clauses as `u=rw,g=r`; who is not named gets nothing.
    private static func symbolic(_ bytes: [UInt8]) -> Int? {
        var mode = 0
        for clause in bytes.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            guard let equals = clause.firstIndex(of: UInt8(ascii: "=")), equals > clause.startIndex else { return nil }
            var permissions = 0
            for letter in clause[(equals + 1)...] {
                switch letter {
                case UInt8(ascii: "r"): permissions |= 4
                case UInt8(ascii: "w"): permissions |= 2
                case UInt8(ascii: "x"): permissions |= 1
                default: return nil
                }
            }
            for who in clause[..<equals] {
                switch who {
                case UInt8(ascii: "u"): mode = mode & ~0o700 | permissions << 6
                case UInt8(ascii: "g"): mode = mode & ~0o070 | permissions << 3
                case UInt8(ascii: "o"): mode = mode & ~0o007 | permissions
                case UInt8(ascii: "a"): mode = permissions << 6 | permissions << 3 | permissions
                default: return nil
                }
            }
        }
        return mode
    }
}
