extension OptionSpecification {
    /// What its text must be, in a few words: `integer 1…65535`, `duration 1s…24h | none`.
    package var typeWords: String {
        if isSecret { return "secret" }
        return kind.words + (isList ? ", repeated" : "")
    }

    /// All names it goes by: a secret may also come from a file or a variable.
    package var forms: [String] { isSecret ? [name, "\(name)-file", "\(name)-env"] : [name] }
}

extension OptionSpecification.Kind {
    /// In one word, for programs.
    package var word: String {
        switch self {
        case .text: "text"
        case .flag: "flag"
        case .integer: "integer"
        case .size: "size"
        case .duration: "duration"
        case .choice: "choice"
        case .path: "path"
        case .mode: "mode"
        case .byte: "byte"
        }
    }

    /// The least and the most, as options write them; nil where there is none.
    package var bounds: (least: String, most: String?)? {
        switch self {
        case .integer(let range), .size(let range):
            range.lowerBound == .min && range.upperBound == .max
                ? nil : (String(range.lowerBound), range.upperBound == .max ? nil : String(range.upperBound))
        case .duration(let range, _): (OptionText.written(range.lowerBound), OptionText.written(range.upperBound))
        default: nil
        }
    }

    fileprivate var words: String {
        switch self {
        case .choice(let choices): return choices.joined(separator: " | ")
        case .flag: return "true | false"
        default: break
        }
        var words = word
        if let bounds { words += bounds.most.map { " \(bounds.least)…\($0)" } ?? ", \(bounds.least) or more" }
        if case .duration(_, orNone: true) = self { words += " | none" }
        return words
    }
}
