package import PatchbayCore

extension OptionMetadata {
    private static let types = ["text", "flag", "integer", "size", "duration", "choice", "path", "mode", "byte"]

    init(_ node: MetadataNode, ignoresOthers: Bool) throws(PatchbayError) {
        let type = try node.object(["type"], ignoresOthers: true).word("type", of: Self.types)
        var known = ["name", "summary", "type", "default", "secret", "list", "changesWire", "required"]
        switch type {
        case "integer", "size": known += ["minimum", "maximum"]
        case "duration": known += ["minimum", "maximum", "orNone"]
        case "choice": known += ["choices"]
        default: break
        }
        let object = try node.object(known, ignoresOthers: ignoresOthers)
        self.init(name: try object.name("name"), summary: try object.line("summary"), type: type)
        `default` = try object.text("default")
        minimum = try object.integer("minimum")
        maximum = try object.integer("maximum")
        orNone = try object.flag("orNone")
        choices = try object.texts("choices")
        secret = try object.flag("secret")
        list = try object.flag("list")
        changesWire = try object.flag("changesWire")
        required = try object.flag("required")
        if type == "choice", choices?.isEmpty != false { throw node.error("is a choice, and needs 'choices'") }
        if type == "size" || type == "duration", let minimum, minimum < 0 {
            throw (object["minimum"] ?? node).error("must not be below 0")
        }
        guard minimum ?? .min <= maximum ?? .max else { throw (object["maximum"] ?? node).error("is below 'minimum'") }
        guard type != "duration" || maximum ?? 0 <= Self.longestDuration else {
            throw (object["maximum"] ?? node).error("is in milliseconds, at most \(Self.longestDuration)")
        }
        guard type != "size" && type != "duration" || maximum ?? 0 >= 0 else {
            throw (object["maximum"] ?? node).error("must not be below 0")
        }
    }

    /// A thousand years, in milliseconds: the most that a URL can say.
    static let longestDuration = 31_536_000_000_000

    /// What the registry must know of it.
    package var specification: OptionSpecification {
        get throws(PatchbayError) {
            OptionSpecification(
                name,
                try kind,
                default: `default`,
                isSecret: secret ?? false,
                isList: list ?? false,
                changesWire: changesWire ?? false,
                isRequired: required ?? false,
                summary: summary
            )
        }
    }

    private var kind: OptionSpecification.Kind {
        get throws(PatchbayError) {
            switch type {
            case "text": return .text
            case "flag": return .flag
            case "integer": return .integer(try range(from: .min, to: .max))
            case "size": return .size(try range(from: 0, to: .max))
            case "duration":
                let range = try range(from: 0, to: Self.longestDuration)
                return .duration(.milliseconds(range.lowerBound)...(.milliseconds(range.upperBound)), orNone: orNone ?? false)
            case "choice": return .choice(choices ?? [])
            case "path": return .path
            case "mode": return .mode
            case "byte": return .byte
            default: throw PatchbayError(.pluginRefused, "the option '\(name)' is of the unknown type '\(type)'", stage: .plugin)
            }
        }
    }

    private func range(from least: Int, to most: Int) throws(PatchbayError) -> ClosedRange<Int> {
        let lower = max(minimum ?? least, least)
        let upper = min(maximum ?? most, most)
        guard lower <= upper else {
            throw PatchbayError(.pluginRefused, "the option '\(name)' has a maximum below its minimum", stage: .plugin)
        }
        return lower...upper
    }
}
