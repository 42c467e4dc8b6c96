internal import PatchbayCore

extension OptionSpecification {
    var metadata: Value {
        var fields = MetadataFields()
        fields.add("name", .string(name))
        fields.add("summary", .string(summary))
        fields.add("type", .string(kind.word))
        fields.add("default", defaultText.map(Value.string))
        switch kind {
        case .integer(let range), .size(let range):
            if range.lowerBound != .min { fields.add("minimum", .int(Int64(range.lowerBound))) }
            if range.upperBound != .max { fields.add("maximum", .int(Int64(range.upperBound))) }
        case .duration(let range, let orNone):
            fields.add("minimum", .int(range.lowerBound.wholeMilliseconds))
            fields.add("maximum", .int(range.upperBound.wholeMilliseconds))
            fields.add("orNone", orNone)
        case .choice(let choices): fields.add("choices", choices)
        case .text, .flag, .path, .mode, .byte: break
        }
        fields.add("secret", isSecret)
        fields.add("list", isList)
        fields.add("changesWire", changesWire)
        fields.add("required", isRequired)
        return fields.value
    }
}

extension Duration {
    /// At most what an `Int64` holds.
    fileprivate var wholeMilliseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1000)
        return overflow ? (seconds < 0 ? .min : .max) : product + attoseconds / 1_000_000_000_000_000
    }
}
