internal import Patchbay
internal import PatchbayLoader

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
            + catalog.reports.flatMap { [$0.name] + $0.layerNames }
    }

    // MARK: For people

    func text(for terminal: Terminal) -> String {
        let description = LayerDescription(terminal: terminal)
        guard let plugin else {
            return
                ([terminal.styled(name, .bold), "  options that every URL takes", ""]
                + description.options(ConnectionOptions.specifications))
                .joined(separator: "\n")
        }
        var parts: [[String]] = []
        let origin = "; plugin \(plugin.name) \(plugin.version), \(Catalog.words(plugin.source)), \(catalog.state(plugin.name))"
        if name == plugin.name {
            parts.append([terminal.styled("\(plugin.name) \(plugin.version)", .bold) + "  plugin, \(Catalog.words(plugin.source))"])
            parts[0] += description.paragraph(plugin.summary)
            if catalog.state(plugin.name) == "off" { parts[0].append("  off; --allow-exec turns it on") }
        }
        for alias in aliases {
            var lines = [terminal.styled(alias.name, .bold) + "  alias" + (name == plugin.name ? "" : origin)]
            lines += description.paragraph(alias.summary)
            lines += description.paragraph("stands for \(alias.expansion.joined(separator: "+"))")
            if alias.admitsAnyData { lines += description.paragraph("takes any option as handshake data") }
            parts.append(lines + description.examples(alias.examples))
        }
        for layer in layers {
            let isNew = layer.summary != plugin.summary || name != plugin.name
            parts.append(description.lines(of: layer, origin: name == plugin.name ? "" : origin, isNew: isNew))
        }
        return parts.map { $0.joined(separator: "\n") }.joined(separator: "\n\n")
    }
}
