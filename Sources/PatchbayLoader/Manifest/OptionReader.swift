internal import PatchbayCore

/// Reads an option of a bound layer: a number, in one way or another.
enum OptionReader {
    static func option(_ node: ManifestNode) throws(PatchbayError) -> OptionMetadata {
        let members = try node.members([
            "name", "summary", "type", "default", "minimum", "maximum", "choices", "changesWire", "required",
        ])
        let type = try node.require("type", of: members)
        var option = OptionMetadata(
            name: try MetadataReader.name(try node.require("name", of: members)),
            summary: try node.require("summary", of: members).text(),
            type: try type.text()
        )
        option.default = try members["default"]?.text()
        option.minimum = try members["minimum"]?.integer()
        option.maximum = try members["maximum"]?.integer()
        option.choices = try members["choices"]?.texts()
        option.changesWire = try members["changesWire"]?.flag()
        option.required = try members["required"]?.flag()
        guard range(of: option) != nil else {
            throw type.fault(
                "an option is an 'integer' or a 'size' with minimum and maximum, a 'choice' with choices, or a 'flag': it becomes a number"
            )
        }
        guard option.default != nil || option.required == true else {
            throw node.fault("the option '\(option.name)' has a 'default' or is 'required': the function always takes a value")
        }
        if option.default != nil {
            do { _ = try Options([:], for: [specification(of: option, required: false)]) } catch {
                throw node.fault("the default does not fit: \((error as? PatchbayError)?.message ?? "\(error)")")
            }
        }
        return option
    }

    /// The numbers that an option can become; nil where it is no number.
    static func range(of option: OptionMetadata) -> ClosedRange<Int>? {
        switch option.type {
        case "integer", "size":
            guard let minimum = option.minimum, let maximum = option.maximum, minimum <= maximum, option.choices == nil else { return nil }
            return minimum...maximum
        case "choice":
            guard let choices = option.choices, !choices.isEmpty, option.minimum == nil, option.maximum == nil else { return nil }
            return 0...(choices.count - 1)
        case "flag": return option.minimum == nil && option.maximum == nil && option.choices == nil ? 0...1 : nil
        default: return nil
        }
    }

    static func specification(of option: OptionMetadata, required: Bool) -> OptionSpecification {
        let range = range(of: option) ?? 0...0
        let kind: OptionSpecification.Kind =
            switch option.type {
            case "size": .size(range)
            case "choice": .choice(option.choices ?? [])
            case "flag": .flag
            default: .integer(range)
            }
        return OptionSpecification(
            option.name,
            kind,
            default: option.default,
            changesWire: option.changesWire ?? false,
            isRequired: required,
            summary: option.summary
        )
    }

    /// The number that a checked option became; nil where it has no value.
    static func number(_ option: OptionMetadata, in options: Options) -> Int? {
        switch option.type {
        case "choice": options.text(option.name).flatMap { option.choices?.firstIndex(of: $0) }
        case "flag": options.flag(option.name) ? 1 : 0
        default: options.integer(option.name)
        }
    }
}
