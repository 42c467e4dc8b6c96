internal import ArgumentParser
internal import Patchbay
internal import PatchbayJSON
internal import PatchbayLoader

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List everything a URL can name, without running any of it.",
        discussion: """
            Each line: the name, the version of its plugin, where that comes from, whether it can be used, and what it is.

            STATES:
              ready        it can be used
              off          part of this program, and needs a flag
              unchecked    a plugin's file that was never run; its first run is in a child process
              quarantined  its first run failed; it runs again once the file changes
              refused      its file is not run at all
              shadowed     another plugin has its name, or the name of one of its layers

            EXAMPLES:
              patchbay list
              patchbay list --kind transport
              patchbay list --paths
              patchbay list --why acme
              patchbay list --json
            """
    )

    @Option(help: "Only this kind.")
    var kind: ListedKind?

    @Flag(help: "Show where plugins are looked for instead.")
    var paths = false

    @Option(help: ArgumentHelp("Show how a plugin, or a layer's plugin, came to its state, step by step, instead.", valueName: "name"))
    var why: String?

    @OptionGroup var plugins: PluginArguments

    @Flag(help: "Print JSON.")
    var json = false

    func validate() throws {
        if paths, why != nil { throw ValidationError("--paths and --why are two different lists; choose one.") }
    }

    func run() async throws {
        let catalog = try Catalog(plugins)
        if paths { return try PluginFolders(catalog.scan.folders).show(json: json) }
        if let why { return try PluginAttempts(why, in: catalog).show(json: json) }
        let entries = catalog.entries.filter { kind == nil || $0.kind == kind }
        guard !json else { return print(try JSONNotation.print(.array(entries.map(\.value)))) }
        let terminal = Terminal.output
        let layout = TextLayout(rows: entries.map(Self.row))
        // All kinds share their columns, so that the whole reads as one table.
        var groups: [(kind: ListedKind, lines: [String])] = []
        for (entry, row) in zip(entries, layout.rows) {
            let lines = layout.lines(of: row, width: terminal.width) { cell, column in
                switch column {
                case 0: terminal.styled(cell, .cyan)
                case 3 where entry.state == "quarantined" || entry.state == "refused": terminal.styled(cell, .red)
                case 3 where entry.state == "shadowed": terminal.styled(cell, .yellow)
                case 4: cell
                default: terminal.styled(cell, .dim)
                }
            }
            if groups.last?.kind == entry.kind { groups[groups.count - 1].lines += lines } else { groups.append((entry.kind, lines)) }
        }
        print(groups.map { ([terminal.styled($0.kind.heading, .bold)] + $0.lines).joined(separator: "\n") }.joined(separator: "\n\n"))
    }

    private static func row(_ entry: Catalog.Entry) -> [String] {
        let remark = entry.summary.isEmpty || entry.reason.isEmpty ? entry.summary + entry.reason : "\(entry.summary) (\(entry.reason))"
        return [entry.name, entry.version, Catalog.short(entry.source), entry.state, remark].map(Terminal.harmlessLine)
    }
}
