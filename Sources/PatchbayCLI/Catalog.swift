internal import ArgumentParser
internal import Patchbay
internal import PatchbayExec

/// What `list` tells apart.
enum ListedKind: String, CaseIterable, ExpressibleByArgument {
    case codec, processor, framing, authenticator, transport, alias

    var heading: String { self == .alias ? "aliases" : rawValue + "s" }

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

/// All that is registered, and what would be if it were allowed.
struct Catalog {
    struct Entry {
        var kind: ListedKind
        var name: String
        var plugin: String
        var version: String
        var source: String
        var state: String
        var summary: String

        var value: Value {
            [
                "kind": .string(kind.rawValue), "name": .string(name), "plugin": .string(plugin), "version": .string(version),
                "source": .string(source), "state": .string(state), "summary": .string(summary),
            ]
        }
    }

    let registry: Registry

    init() throws {
        var registry = Registry.standard
        try registry.register(ExecPlugin(allowing: .all))
        self.registry = registry
    }

    /// By kind, then by name.
    var entries: [Entry] {
        let layers = registry.layers().map {
            entry(ListedKind($0.layer.kind), $0.layer.name, $0.plugin, $0.layer.summary)
        }
        let aliases = registry.aliases.map { entry(.alias, $0.alias.name, $0.plugin, $0.alias.summary) }
        return ListedKind.allCases.flatMap { kind in (layers + aliases).filter { $0.kind == kind } }
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
            summary: summary + (isStandard(pluginName) ? "" : " (--allow-exec turns it on)")
        )
    }

    func state(_ plugin: String) -> String { isStandard(plugin) ? "ready" : "off" }

    private func isStandard(_ plugin: String) -> Bool { Registry.standard.plugin(named: plugin) != nil }

    static func words(_ source: PluginSource) -> String {
        switch source {
        case .linked: "built in"
        case .sharedObject(let path), .manifest(let path): path
        }
    }
}
