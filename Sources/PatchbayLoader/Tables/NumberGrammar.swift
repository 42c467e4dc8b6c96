/// Numbers as JSON writes them (RFC 8259, section 6).
enum NumberGrammar {
    static func holds(_ text: UnsafeRawBufferPointer) -> Bool {
        var index = 0
        func peek() -> UInt8 { index < text.count ? text[index] : 0 }
        /// How many digits there are; moves behind them.
        func digits() -> Int {
            let start = index
            while peek() >= UInt8(ascii: "0"), peek() <= UInt8(ascii: "9") { index += 1 }
            return index - start
        }
        if peek() == UInt8(ascii: "-") { index += 1 }
        if peek() == UInt8(ascii: "0") {
            index += 1
        } else if digits() == 0 {
            return false
        }
        if peek() == UInt8(ascii: ".") {
            index += 1
            guard digits() > 0 else { return false }
        }
        if peek() | 0x20 == UInt8(ascii: "e") {
            index += 1
            if peek() == UInt8(ascii: "+") || peek() == UInt8(ascii: "-") { index += 1 }
            guard digits() > 0 else { return false }
        }
        return index == text.count
    }
}
