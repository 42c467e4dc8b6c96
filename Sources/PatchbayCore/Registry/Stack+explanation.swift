extension Stack: CustomStringConvertible, CustomReflectable {
    /// Some lines that say what each layer is and why, for people.
    public var description: String {
        var lines = ["\(redactedURL)  (\(role.rawValue))"]
        for layer in layers {
            let title = layer.position.map { "\($0.rawValue) processor" } ?? layer.kind.rawValue
            let goal = layer.kind == .transport && !shownTarget.isEmpty ? " to \(shownTarget)" : ""
            lines.append(Self.line(title, "\(layer.name)\(goal)", "\(layer.origin.words); plugin \(layer.plugin) \(layer.version)"))
            lines += layer.options.map(Self.line)
        }
        lines.append(Self.line("connection", "cost \(connection.cost)", "route cost"))
        lines += connectionOptions.map(Self.line)
        if let shownUser { lines.append(Self.line("user", shownUser, "presented to the peer")) }
        for datum in data { lines.append(Self.line("data", datum.description, "handshake data")) }
        lines.append(isBare ? Self.line("greeting", "none", "bare") : Self.line("greeting", wireText, "both ends must have this"))
        return lines.joined(separator: "\n")
    }

    public var customMirror: Mirror { Mirror(self, children: ["explanation": description]) }

    /// The same for programs: maps, arrays and texts that any value codec can write.
    public var explanation: Value {
        .object([
            ("url", .string(redactedURL)),
            ("role", .string(role.rawValue)),
            ("bare", .bool(isBare)),
            ("wire", isBare ? .null : .string(wireText)),
            ("target", .string(shownTarget)),
            ("user", shownUser.map { .string($0) } ?? .null),
            (
                "data",
                .array(data.map { .object([("name", .string($0.shownName)), ("value", .string($0.shownValue))]) })
            ),
            ("cost", .int(Int64(connection.cost))),
            ("connection", .array(connectionOptions.map(Self.value))),
            ("layers", .array(layers.map(Self.value))),
        ])
    }

    private static func value(_ layer: StackLayer) -> Value {
        var alias: Value = .null
        if case .alias(let name) = layer.origin { alias = .string(name) }
        return .object([
            ("kind", .string(layer.kind.rawValue)),
            ("name", .string(layer.name)),
            ("position", layer.position.map { .string($0.rawValue) } ?? .null),
            ("plugin", .string(layer.plugin)),
            ("version", .string(layer.version)),
            ("origin", .string(layer.origin.word)),
            ("alias", alias),
            ("options", .array(layer.options.map(value))),
        ])
    }

    private static func value(_ option: StackLayer.ResolvedOption) -> Value {
        .object([
            ("name", .string(option.name)), ("value", .string(option.shown)), ("source", .string(option.source.rawValue)),
        ])
    }

    private static func line(_ option: StackLayer.ResolvedOption) -> String {
        line("", "  \(option.name) = \(option.shown)", option.source.rawValue)
    }

    /// Three columns, as wide as most contents; a line fits 80 columns.
    private static func line(_ title: String, _ content: String, _ reason: String) -> String {
        func padded(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(1, width - text.count)) }
        return "  " + padded(title, 18) + padded(content, 26) + reason
    }
}

extension StackLayer.Origin {
    /// For people.
    var words: String {
        switch self {
        case .written: "written"
        case .default: "default"
        case .alias(let name): "from alias \(name)"
        case .shortForm: "short form"
        }
    }

    /// For programs.
    var word: String {
        switch self {
        case .written: "written"
        case .default: "default"
        case .alias: "alias"
        case .shortForm: "short-form"
        }
    }
}

extension Value {
    fileprivate static func object(_ pairs: [(String, Value)]) -> Value {
        .map(ValueMap(pairs.map { ValueMap.Pair(.string($0.0), $0.1) }))
    }
}
