internal import NIOCore

/// Lossless through Patchbay's codecs. Through others as near as their words allow: text for what they cannot say.
extension Value: Codable {
    public func encode(to encoder: any Encoder) throws {
        if let encoder = encoder as? any ValueAcceptingEncoder { return try encoder.accept(self) }
        switch self {
        case .array(let elements), .tuple(let elements), .set(let elements):
            var container = encoder.unkeyedContainer()
            for element in elements { try container.encode(element) }
        case .map(let map):
            var container = encoder.container(keyedBy: NameKey.self)
            for pair in map.pairs {
                switch pair.key {
                case .string(let name): try container.encode(pair.value, forKey: NameKey(name))
                case .int(let number): try container.encode(pair.value, forKey: NameKey("\(number)"))
                default:
                    throw EncodingError.invalidValue(
                        self,
                        .init(codingPath: encoder.codingPath, debugDescription: "a map's key is neither text nor a number")
                    )
                }
            }
        case .tagged(_, let value): try value.encode(to: encoder)
        default: try encodeScalar(to: encoder)
        }
    }

    private func encodeScalar(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .bool(let value): try container.encode(value)
        case .int(let value): try container.encode(value)
        case .bigInteger(let value):
            if let unsigned = UInt64(exactly: value) { return try container.encode(unsigned) }
            try container.encode("\(self)")
        case .float(let value): try container.encode(value)
        case .double(let value): try container.encode(value)
        case .number(let text), .string(let text): try container.encode(text)
        case .bytes(let bytes), .extension(_, let bytes): try container.encode(Array(bytes.readableBytesView))
        case .global(let module, let name): try container.encode("\(module).\(name)")
        default: try container.encodeNil()
        }
    }

    public init(from decoder: any Decoder) throws {
        if let decoder = decoder as? TapeDecoder {
            self = try decoder.decode(Value.self)
        } else if let container = try? decoder.container(keyedBy: NameKey.self) {
            self = .map(
                ValueMap(try container.allKeys.map { .init(.string($0.stringValue), try container.decode(Value.self, forKey: $0)) })
            )
        } else if var container = try? decoder.unkeyedContainer() {
            var elements: [Value] = []
            while !container.isAtEnd { elements.append(try container.decode(Value.self)) }
            self = .array(elements)
        } else {
            let container = try decoder.singleValueContainer()
            if container.decodeNil() {
                self = .null
            } else if let value = try? container.decode(Bool.self) {
                self = .bool(value)
            } else if let value = try? container.decode(Int64.self) {
                self = .int(value)
            } else if let value = try? container.decode(UInt64.self) {
                self = .bigInteger(BigInteger(value))
            } else if let value = try? container.decode(Double.self) {
                self = .double(value)
            } else {
                self = .string(try container.decode(String.self))
            }
        }
    }
}
