internal import NIOCore

/// Readable, on one line; for people, not for reading back.
extension Value: CustomStringConvertible {
    public var description: String { describe(depth: 0) }

    private func describe(depth: Int) -> String {
        guard depth < DecodingLimits.greatestDepth else { return "…" }
        func list(_ values: [Value]) -> String { values.map { $0.describe(depth: depth + 1) }.joined(separator: ", ") }
        switch self {
        case .null: return "null"
        case .bool(let value): return "\(value)"
        case .int(let value): return "\(value)"
        case .bigInteger(let value): return "\(value)"
        case .float(let value): return "\(value)"
        case .double(let value): return "\(value)"
        case .number(let literal): return literal
        case .string(let text): return "\"\(text.map(Self.escape).joined())\""
        case .bytes(let bytes): return "bytes(\(Self.hexadecimal(bytes)))"
        case .array(let elements): return "[\(list(elements))]"
        case .tuple(let elements): return elements.count == 1 ? "(\(list(elements)),)" : "(\(list(elements)))"
        case .set(let elements): return "set(\(list(elements)))"
        case .map(let map):
            return "{"
                + map.pairs.map { "\($0.key.describe(depth: depth + 1)): \($0.value.describe(depth: depth + 1))" }
                .joined(separator: ", ") + "}"
        case .tagged(.number(let number), let value): return "tag \(number)(\(value.describe(depth: depth + 1)))"
        case .tagged(.name(let name), let value): return "\(name)(\(value.describe(depth: depth + 1)))"
        case .extension(let type, let bytes): return "extension \(type)(\(Self.hexadecimal(bytes)))"
        case .simple(let value): return "simple(\(value))"
        case .global(let module, let name): return "\(module).\(name)"
        }
    }

    private static func escape(_ character: Character) -> String {
        switch character {
        case "\"": "\\\""
        case "\\": "\\\\"
        case "\n": "\\n"
        case "\r\n": "\\r\\n"
        default:
            character.unicodeScalars.contains { $0.properties.generalCategory == .control }
                ? character.unicodeScalars.map { "\\u{\(String($0.value, radix: 16))}" }.joined() : String(character)
        }
    }

    /// The first bytes, and how many there are in all.
    private static func hexadecimal(_ bytes: ByteBuffer) -> String {
        let shown = bytes.readableBytesView.prefix(32).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        return bytes.readableBytes > 32 ? "\(shown)… \(bytes.readableBytes) bytes" : shown
    }
}
