internal import NIOCore

extension Options {
    /// Checks texts against specifications, as a URL's would be; for code, and for the tests of layers.
    /// - Throws: ``PatchbayError`` with `unknownOption`, `invalidOption` or `missingOption`.
    public init(_ written: KeyValuePairs<String, String>, for specifications: [OptionSpecification]) throws {
        try self.init(pairs: written.map { ($0.key, $0.value) }, for: specifications)
    }

    /// The same for pairs that were built.
    package init(pairs written: [(String, String)], for specifications: [OptionSpecification]) throws {
        self.init()
        for (name, text) in written {
            guard let specification = specifications.first(where: { $0.name == name }) else {
                throw PatchbayError(
                    .unknownOption,
                    "no option '\(name)' is declared" + NearestName.question(name, among: specifications.map(\.name)),
                    stage: .resolve
                )
            }
            try set(Array(text.utf8), for: specification, source: .application)
        }
        for specification in specifications { try setDefault(for: specification) }
        for specification in specifications where specification.isRequired && values[specification.name] == nil {
            throw PatchbayError(.missingOption, "the option '\(specification.name)' is required", stage: .resolve)
        }
    }

    /// Checks a text and keeps it; a list grows.
    mutating func set(_ bytes: [UInt8], for specification: OptionSpecification, source: Source) throws(PatchbayError) {
        let name = specification.name
        if specification.isSecret {
            values[name] = (.secret(ByteBuffer(bytes: bytes)), source)
            return
        }
        let checked: Checked
        do { checked = try OptionText.check(bytes, specification.kind) } catch {
            throw PatchbayError(.invalidOption, "the option '\(name)' \(error.message)", stage: .resolve)
        }
        if specification.isList {
            let text = OptionText.written(checked, specification.kind) ?? ""
            values[name] = (.list((source == .default ? [] : list(name)) + [text]), source)
        } else {
            values[name] = (checked, source)
        }
    }

    mutating func setDefault(for specification: OptionSpecification) throws(PatchbayError) {
        guard values[specification.name] == nil, let text = specification.defaultText else { return }
        try set(Array(text.utf8), for: specification, source: .default)
    }
}

extension Options: CustomStringConvertible, CustomReflectable {
    /// The names alone: values may be secrets.
    public var description: String { "Options(\(values.keys.sorted().joined(separator: ", ")))" }

    public var customMirror: Mirror { Mirror(self, children: ["names": values.keys.sorted()]) }
}

extension OptionText {
    /// A checked value as both ends of a connection write it; nil for a secret.
    package static func written(_ value: Options.Checked, _ kind: OptionSpecification.Kind) -> String? {
        switch value {
        case .text(let text): return text
        case .flag(let flag): return flag ? "true" : "false"
        case .duration(let duration): return duration.map(written) ?? "none"
        case .list(let list): return list.joined(separator: ",")
        case .secret: return nil
        case .integer(let integer):
            switch kind {
            case .byte:
                let digits = String(integer, radix: 16)
                return "0x" + (digits.utf8.count == 1 ? "0" : "") + digits
            case .mode: return "0" + String(integer, radix: 8)
            default: return String(integer)
            }
        }
    }
}
