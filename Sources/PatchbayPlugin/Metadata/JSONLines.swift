internal import NIOCore
internal import PatchbayCore
internal import PatchbayJSON

/// JSON for people: what fits stays on one line.
enum JSONLines {
    private static let width = 110

    static func parse(_ text: String) throws -> Value { try JSONCodec().decodeValue(from: ByteBuffer(string: text)) }

    static func print(_ value: Value) throws -> String { try print(value, indent: "", used: 0) }

    /// - Parameter used: how much of the line stands before the value.
    private static func print(_ value: Value, indent: String, used: Int) throws -> String {
        let line = try oneLine(value)
        guard used + line.utf8.count > width else { return line }
        let deeper = indent + "  "
        func block(_ parts: [String], _ open: String, _ close: String) -> String {
            "\(open)\n" + parts.map { deeper + $0 }.joined(separator: ",\n") + "\n\(indent)\(close)"
        }
        switch value {
        case .map(let map):
            let parts = try map.pairs.map { pair in
                let key = try oneLine(pair.key) + ": "
                return key + (try print(pair.value, indent: deeper, used: deeper.utf8.count + key.utf8.count))
            }
            return block(parts, "{", "}")
        case .array(let elements):
            return block(try elements.map { try print($0, indent: deeper, used: deeper.utf8.count) }, "[", "]")
        default: return line
        }
    }

    private static func oneLine(_ value: Value) throws -> String {
        switch value {
        case .map(let map):
            return "{ " + (try map.pairs.map { try oneLine($0.key) + ": " + oneLine($0.value) }).joined(separator: ", ") + " }"
        case .array(let elements):
            return "[" + (try elements.map(oneLine)).joined(separator: ", ") + "]"
        default:
            var buffer = ByteBuffer()
            try JSONCodec().encode(value, into: &buffer)
            return String(buffer: buffer)
        }
    }
}
