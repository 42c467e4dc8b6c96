/// The key of an array's element.
struct IndexKey: CodingKey {
    let index: Int

    init(_ index: Int) { self.index = index }
    init?(intValue: Int) { index = intValue }
    init?(stringValue: String) { nil }
    var intValue: Int? { index }
    var stringValue: String { "\(index)" }
}

/// A key by its name.
struct NameKey: CodingKey {
    let stringValue: String
    let intValue: Int?

    init(_ name: String) { (stringValue, intValue) = (name, nil) }
    init?(stringValue: String) { self.init(stringValue) }
    init?(intValue: Int) { (stringValue, self.intValue) = ("\(intValue)", intValue) }
}

/// `at tasks[3].width: `, or nothing at the top.
func pathDescription(_ path: [any CodingKey]) -> String {
    var text = ""
    for key in path {
        if key is IndexKey {
            text += "[\(key.stringValue)]"
        } else {
            text += text.isEmpty ? key.stringValue : ".\(key.stringValue)"
        }
    }
    return text.isEmpty ? "" : "at \(text): "
}

extension PatchbayError {
    /// What a type's own `encode(to:)` threw, as an error of ours.
    init(encoding error: any Error) {
        switch error {
        case let error as PatchbayError: self = error
        case EncodingError.invalidValue(_, let context):
            self.init(.encodingFailed, pathDescription(context.codingPath) + context.debugDescription, stage: .encode, cause: error)
        default: self.init(.encodingFailed, "the value refused to be encoded", stage: .encode, cause: error)
        }
    }

    /// What a type's own `init(from:)` threw, as an error of ours.
    init(decoding error: any Error, as type: Any.Type) {
        func failed(_ context: DecodingError.Context, _ what: String) -> Self {
            Self(
                .decodingFailed,
                "\(pathDescription(context.codingPath))\(what), decoding \(type)",
                stage: .decode,
                cause: context.underlyingError
            )
        }
        switch error {
        case let error as PatchbayError: self = error
        case DecodingError.keyNotFound(let key, let context): self = failed(context, "the key \"\(key.stringValue)\" is missing")
        case DecodingError.typeMismatch(_, let context): self = failed(context, context.debugDescription)
        case DecodingError.valueNotFound(_, let context): self = failed(context, context.debugDescription)
        case DecodingError.dataCorrupted(let context): self = failed(context, context.debugDescription)
        default:
            self.init(.decodingFailed, "\(type) refused the message", stage: .decode, cause: error)
        }
    }
}
