internal import ArgumentParser
internal import Patchbay
internal import PatchbayExec
internal import PatchbayLoader

/// What `list` tells apart.
enum ListedKind: String, CaseIterable, ExpressibleByArgument {
    case codec, processor, framing, authenticator, transport, alias
    /// A plugin's file that does not say what it has.
    case file

    var heading: String {
        switch self {
        case .alias: "aliases"
        case .file: "files that cannot be used"
        default: rawValue + "s"
        }
    }

    init(_ kind: LayerKind) {
        self =
            switch kind {
            case .codec: .codec
            case .processor: .processor
            case .framing: .framing
            case .authenticator: .authenticator
            case .transport: .transport
            }
    }
}

/// All that is registered, what would be if it were allowed, and what was found in files, none of which runs.
struct Catalog {
    struct Entry {
        var kind: ListedKind
        var name: String
        var plugin: String
        var version: String
        var source: String
        var state: String
        var summary: String
        /// Why it stands as it stands; empty where the state says it all.
        var reason = ""

        var value: Value {
            [
                "kind": .string(kind.rawValue), "name": .string(name), "plugin": .string(plugin), "version": .string(version),
                "source": .string(source), "state": .string(state), "summary": .string(summary), "reason": .string(reason),
            ]
        }
    }

    /// What is part of the program.
    let registry: Registry
    /// The files, in the order of the search.
    let reports: [PluginReport]
    let scan: PluginScan

    init(_ plugins: PluginArguments) throws {
        var registry = Registry.program
        try registry.register(ExecPlugin(allowing: .all))
        self.registry = registry
        (reports, scan) = PluginLoader(search: plugins.search).list(beside: registry)
    }

    /// By kind, then by name, what is part of the program first.
    var entries: [Entry] {
        let layers = registry.layers().map {
            entry(ListedKind($0.layer.kind), $0.layer.name, $0.plugin, $0.layer.summary)
        }
        let aliases = registry.aliases.map { entry(.alias, $0.alias.name, $0.plugin, $0.alias.summary) }
        let found = reports.flatMap(Self.entries).sorted { $0.name < $1.name }
        return ListedKind.allCases.flatMap { kind in (layers + aliases + found).filter { $0.kind == kind } }
    }

    private func entry(_ kind: ListedKind, _ name: String, _ pluginName: String, _ summary: String) -> Entry {
        let plugin = registry.plugin(named: pluginName)
        return Entry(
            kind: kind,
            name: name,
            plugin: pluginName,
            version: plugin?.version ?? "",
            source: Self.words(plugin?.source ?? .linked),
            state: state(pluginName),
            summary: summary,
            reason: isStandard(pluginName) ? "" : "--allow-exec turns it on"
        )
    }

    private static func entries(of report: PluginReport) -> [Entry] {
        func entry(_ kind: ListedKind, _ name: String, _ summary: String) -> Entry {
            Entry(
                kind: kind,
                name: name,
                plugin: report.name,
                version: report.version,
                source: words(report.source),
                state: report.state.word,
                summary: summary,
                reason: report.state.reason ?? report.warnings.map { "warning: \($0)" }.joined(separator: "; ")
            )
        }
        guard let metadata = report.metadata else { return [entry(.file, report.name, "")] }
        return metadata.layers.map { entry(ListedKind(rawValue: $0.kind) ?? .file, $0.name, $0.summary) }
            + (metadata.aliases ?? []).map { entry(.alias, $0.name, $0.summary) }
    }

    func state(_ plugin: String) -> String { isStandard(plugin) ? "ready" : "off" }

    private func isStandard(_ plugin: String) -> Bool { Registry.program.plugin(named: plugin) != nil }

    static func words(_ source: PluginSource) -> String {
        switch source {
        case .linked: "built in"
        case .sharedObject(let path), .manifest(let path): path
        }
    }

    /// A file's name alone, where columns are dear; `--why` and JSON have its path.
    static func short(_ source: String) -> String { source.split(separator: "/").last.map(String.init) ?? source }
}
