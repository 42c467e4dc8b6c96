/// The tokens of a C prototype.
struct PrototypeTokens {
    enum Token: Hashable {
        case word(String)
        case number
        case ellipsis
        case mark(UInt8)
    }

    private var tokens: ArraySlice<Token>

    init(_ text: String) throws(PrototypeFault) {
        let bytes = Array(text.utf8)
        guard bytes.count <= 2000 else { throw PrototypeFault("a prototype has at most 2000 bytes") }
        var tokens: [Token] = []
        var position = 0
        while position < bytes.count {
            let byte = bytes[position]
            if byte == 0x20 || (0x09...0x0D).contains(byte) {
                position += 1
            } else if Self.isWord(byte) {
                let end = bytes[position...].firstIndex { !Self.isWord($0) } ?? bytes.count
                let isNumber = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                tokens.append(isNumber ? .number : .word(String(decoding: bytes[position..<end], as: UTF8.self)))
                position = end
            } else if bytes[position...].starts(with: "...".utf8) {
                tokens.append(.ellipsis)
                position += 3
            } else if "*(),[];".utf8.contains(byte) {
                tokens.append(.mark(byte))
                position += 1
            } else {
                throw PrototypeFault("a byte that no prototype has: paste the declaration alone, without comments and macros")
            }
        }
        self.tokens = tokens[...]
    }

    var first: Token? { tokens.first }

    var isAtEnd: Bool { tokens.isEmpty }

    mutating func take() -> Token? { tokens.popFirst() }

    /// Takes a mark if it comes next.
    mutating func take(_ mark: Unicode.Scalar) -> Bool {
        guard tokens.first == .mark(UInt8(ascii: mark)) else { return false }
        tokens.removeFirst()
        return true
    }

    /// Takes any of these words if it comes next.
    mutating func take(wordOf words: Set<String>) -> Bool {
        guard case .word(let word)? = tokens.first, words.contains(word) else { return false }
        tokens.removeFirst()
        return true
    }

    /// Takes a word if one comes next.
    mutating func takeWord() -> String? {
        guard case .word(let word)? = tokens.first else { return nil }
        tokens.removeFirst()
        return word
    }

    private static func isWord(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
