/// Finds the line of a place in a JSON text that was read before, and so is valid.
struct ManifestLines {
    private let bytes: [UInt8]
    private var position = 0

    /// - Parameter path: from the root, which member of an object or element of an array, by its index.
    /// - Returns: counted from one. Of a member the line of its key.
    static func line(of path: [Int], in bytes: [UInt8]) -> Int {
        var walker = ManifestLines(bytes: bytes)
        return line(at: walker.offset(of: path), in: bytes)
    }

    static func line(at offset: Int, in bytes: [UInt8]) -> Int {
        bytes.prefix(max(0, offset)).count { $0 == UInt8(ascii: "\n") } + 1
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func offset(of path: [Int]) -> Int {
        skipSpace()
        var found = position
        for index in path {
            let isObject = current == UInt8(ascii: "{")
            guard isObject || current == UInt8(ascii: "[") else { return found }
            position += 1
            for _ in 0..<index {
                if isObject { skipKey() }
                skipValue()
                skipSpace()
                guard current == UInt8(ascii: ",") else { return found }
                position += 1
            }
            skipSpace()
            found = position
            if isObject { skipKey() }
        }
        return found
    }

    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = current, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    /// A key, its colon, and the space behind.
    private mutating func skipKey() {
        skipSpace()
        skipString()
        skipSpace()
        if current == UInt8(ascii: ":") { position += 1 }
        skipSpace()
    }

    private mutating func skipString() {
        guard current == UInt8(ascii: "\"") else { return }
        position += 1
        while let byte = current, byte != UInt8(ascii: "\"") { position += byte == UInt8(ascii: "\\") ? 2 : 1 }
        position += 1
    }

    private mutating func skipValue() {
        skipSpace()
        var depth = 0
        while let byte = current {
            switch byte {
            case UInt8(ascii: "\""):
                skipString()
                if depth == 0 { return }
                continue
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                // The end of what the value is in.
                guard depth > 0 else { return }
                depth -= 1
                if depth == 0 {
                    position += 1
                    return
                }
            case UInt8(ascii: ",") where depth == 0: return
            default: break
            }
            position += 1
        }
    }
}
