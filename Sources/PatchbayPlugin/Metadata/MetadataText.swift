internal import CPatchbay
internal import PatchbayCore

/// What a plugin registers, as the JSON of its metadata (docs/plugin-abi.md).
struct MetadataText {
    let layers: [Layer]
    let value: Value
    /// JSON in lines.
    let text: String

    /// - Throws: ``PatchbayError`` with `unsupported` for layers that the interface has no words for, or `invalidArgument` for what
    ///   no registry would take.
    init(of plugin: any Plugin) throws {
        var registry = Registry()
        try registry.register(plugin)
        var registrar = Registrar()
        plugin.register(into: &registrar)
        layers = registrar.layers
        var fields = MetadataFields()
        fields.add("patchbay", .string("\(PATCHBAY_ABI_MAJOR).\(PATCHBAY_ABI_MINOR)"))
        fields.add("name", .string(plugin.name))
        fields.add("version", .string(plugin.version))
        fields.add("summary", .string(plugin.summary))
        fields.add("layers", .array(try registrar.layers.map { try $0.metadata() }))
        if !registrar.aliases.isEmpty { fields.add("aliases", .array(try registrar.aliases.map { try $0.metadata() })) }
        value = fields.value
        text = try JSONLines.print(value)
    }

    /// How a section's text differs from what the plugin registers, in words; nil where it does not.
    func difference(from section: String) -> String? {
        do {
            let difference = MetadataDifference.first(try JSONLines.parse(section), value)
            return difference.map { "the metadata in the plugin's file is not what its code registers: \($0)" }
        } catch {
            return "the metadata in the plugin's file is no JSON: \(error)"
        }
    }

    /// What to do about a difference.
    var advice: String { "put this between the parentheses of PATCHBAY_METADATA( … ):\n\(text)" }
}

/// The fields of an object, in the order in which they were added.
struct MetadataFields {
    private var pairs: [ValueMap.Pair] = []

    var value: Value { .map(ValueMap(pairs)) }

    mutating func add(_ name: String, _ value: Value?) {
        if let value { pairs.append(ValueMap.Pair(.string(name), value)) }
    }

    /// Only where it is not what holds without it.
    mutating func add(_ name: String, _ flag: Bool, unless standard: Bool = false) {
        if flag != standard { add(name, .bool(flag)) }
    }

    /// Only where there are some.
    mutating func add(_ name: String, _ texts: [String]) {
        if !texts.isEmpty { add(name, .array(texts.map(Value.string))) }
    }
}
