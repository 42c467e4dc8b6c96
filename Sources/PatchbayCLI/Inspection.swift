internal import Patchbay

/// What there is to say about one name.
struct Inspection {
    /// The options that every URL takes, by the name that they have in URLs.
    private static let connection = "connection"

    let name: String
    let catalog: Catalog
    /// Nil for the options of the connection.
    let plugin: Registry.RegisteredPlugin?
    let aliases: [Alias]
    let layers: [Layer]

    /// A plugin shows all that it registers, also where a layer has its name.
    init?(_ name: String, in catalog: Catalog) {
        self.name = name
        self.catalog = catalog
        let registry = catalog.registry
        if let plugin = registry.plugin(named: name) {
            self.plugin = plugin
            aliases = plugin.aliases.compactMap { registry.alias(named: $0)?.alias }
            layers = plugin.layers.compactMap { registry.layer(named: $0)?.layer }
        } else if let found = registry.layer(named: name) {
            plugin = registry.plugin(named: found.plugin)
            aliases = []
            layers = [found.layer]
        } else if let found = registry.alias(named: name) {
            plugin = registry.plugin(named: found.plugin)
            aliases = [found.alias]
            layers = []
        } else if name == Self.connection {
            plugin = nil
            aliases = []
            layers = []
        } else {
            return nil
        }
    }

    static func names(in catalog: Catalog) -> [String] {
        let registry = catalog.registry
        return registry.layers().map(\.layer.name) + registry.aliases.map(\.alias.name) + registry.plugins.map(\.name) + [connection]
    }

    // MARK: For people

    func text(for terminal: Terminal) -> String {
        guard let plugin else {
            return
                ([terminal.styled(name, .bold), "  options that every URL takes", ""] + options(ConnectionOptions.specifications, terminal))
                .joined(separator: "\n")
        }
        var parts: [[String]] = []
        let origin = "plugin \(plugin.name) \(plugin.version), \(Catalog.words(plugin.source)), \(catalog.state(plugin.name))"
        if name == plugin.name {
            parts.append([terminal.styled("\(plugin.name) \(plugin.version)", .bold) + "  plugin, \(Catalog.words(plugin.source))"])
            parts[0] += paragraph(plugin.summary, terminal)
            if catalog.state(plugin.name) == "off" { parts[0].append("  off; --allow-exec turns it on") }
        }
        for alias in aliases {
            var lines = [terminal.styled(alias.name, .bold) + "  alias" + (name == plugin.name ? "" : "; \(origin)")]
            lines += paragraph(alias.summary, terminal)
            lines += paragraph("stands for \(alias.expansion.joined(separator: "+"))", terminal)
            if alias.admitsAnyData { lines += paragraph("takes any option as handshake data", terminal) }
            parts.append(lines + examples(alias.examples, terminal))
        }
        for layer in layers {
            var lines = [terminal.styled(layer.name, .bold) + "  \(layer.kind.rawValue)" + (name == plugin.name ? "" : "; \(origin)")]
            if layer.summary != plugin.summary || name != plugin.name { lines += paragraph(layer.summary, terminal) }
            if let traits = layer.traitWords { lines += paragraph(traits, terminal) }
            lines += options(layer.options, terminal) + examples(layer.examples, terminal)
            parts.append(lines)
        }
        return parts.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
    }

    private func paragraph(_ text: String, _ terminal: Terminal) -> [String] {
        TextLayout.wrapped(text, width: terminal.width.map { max($0 - 2, 20) }).map { "  " + $0 }
    }

    private func options(_ specifications: [OptionSpecification], _ terminal: Terminal) -> [String] {
        guard !specifications.isEmpty else { return [] }
        let rows = specifications.map { option in
            [option.name, Self.type(option), option.isRequired ? "required" : option.defaultText ?? "-", Self.remark(option)]
        }
        let layout = TextLayout(rows: [["option", "type", "default", ""]] + rows, indentation: 4)
        return layout.lines(of: layout.rows[0], width: terminal.width) { cell, _ in terminal.styled(cell, .dim) }
            + rows.flatMap { row in
                layout.lines(of: row, width: terminal.width) { cell, column in column == 0 ? terminal.styled(cell, .cyan) : cell }
            }
    }

    /// Longer than this, a type moves to the remark.
    private static let widestType = 26

    private static func type(_ option: OptionSpecification) -> String {
        option.typeWords.count <= widestType ? option.typeWords : option.kind.word
    }

    private static func remark(_ option: OptionSpecification) -> String {
        var text = option.summary
        if option.typeWords.count > widestType { text += "; \(option.typeWords)" }
        if option.isSecret { text += "; also \(option.forms.dropFirst().joined(separator: ", "))" }
        if option.changesWire { text += "; both ends must agree" }
        return text
    }

    private func examples(_ urls: [String], _ terminal: Terminal) -> [String] {
        urls.isEmpty ? [] : [terminal.styled("    examples", .dim)] + urls.map { "    \($0)" }
    }
}
