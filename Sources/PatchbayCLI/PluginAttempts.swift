internal import Patchbay
internal import PatchbayJSON
internal import PatchbayLoader

/// How the plugins of one name came to their states, as `list --why` shows it.
struct PluginAttempts {
    private let name: String
    private let linked: Registry.RegisteredPlugin?
    private let reports: [PluginReport]
    private let catalog: Catalog

    /// - Throws: ``ReportedFailure`` where nothing has that name.
    init(_ name: String, in catalog: Catalog) throws {
        self.name = name
        self.catalog = catalog
        let registry = catalog.registry
        let owner = registry.layer(named: name)?.plugin ?? registry.alias(named: name)?.plugin ?? name
        linked = registry.plugin(named: owner)
        let path = PluginArguments.absolute(name)
        reports = catalog.reports.filter { $0.name == name || $0.layerNames.contains(name) || $0.path == path }
        guard linked != nil || !reports.isEmpty else {
            let names = Inspection.names(in: catalog)
            let nearest = NearestName.of(name, among: names).map { " Did you mean '\($0)'?" } ?? ""
            Terminal.errors.say(
                "Error: nothing is named '\(Terminal.harmlessLine(name))'.\(nearest) 'patchbay list --paths' shows where plugins are looked for."
            )
            throw ReportedFailure(status: .usage)
        }
    }

    func show(json: Bool) throws {
        guard !json else { return print(try JSONNotation.print(value)) }
        let terminal = Terminal.output
        var parts: [String] = []
        if let linked {
            let plugin = linked.name == name ? "" : "\(name) is of the plugin "
            parts.append("\(plugin)\(terminal.styled(linked.name, .bold)) \(linked.version), built in, \(catalog.state(linked.name))")
        }
        for report in reports {
            let title = Terminal.harmlessLine("\(report.name) \(report.version)")
            let state = Terminal.harmlessLine([report.state.word, report.state.reason].compactMap { $0 }.joined(separator: ": "))
            let layout = TextLayout(rows: report.steps.map { [$0.name, $0.outcome.rawValue, $0.detail].map(Terminal.harmlessLine) })
            let lines = zip(report.steps, layout.rows).flatMap { step, row in
                layout.lines(of: row, width: terminal.width) { cell, column in
                    switch (column, step.outcome) {
                    case (1, .failed): terminal.styled(cell, .red)
                    case (1, .warning), (1, .skipped): terminal.styled(cell, .yellow)
                    case (0, _): terminal.styled(cell, .dim)
                    default: cell
                    }
                }
            }
            let head = TextLayout.wrapped("\(Terminal.harmlessLine(report.path ?? "")), \(state)", width: terminal.width.map { $0 - 2 }).map
            { "  " + $0 }
            parts.append(([terminal.styled(title, .bold)] + head + lines).joined(separator: "\n"))
        }
        print(parts.joined(separator: "\n\n"))
    }

    private var value: Value {
        var all: [Value] = []
        if let linked {
            all.append(["name": .string(linked.name), "source": "built in", "state": .string(catalog.state(linked.name)), "steps": []])
        }
        return .array(all + reports.map(\.value))
    }
}

extension PluginReport {
    /// For programs.
    var value: Value {
        [
            "name": .string(name), "version": .string(version), "source": .string(path ?? "built in"), "state": .string(state.word),
            "reason": state.reason.map { .string($0) } ?? .null,
            "steps": .array(
                steps.map { ["name": .string($0.name), "outcome": .string($0.outcome.rawValue), "detail": .string($0.detail)] }
            ),
        ]
    }
}
