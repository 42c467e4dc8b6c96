internal import ArgumentParser
internal import Patchbay
internal import PatchbayJSON

struct ListCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "List everything a URL can name, without running any of it.",
        discussion: """
            Each line: the name, the version of its plugin, where that comes from, whether it can be used, and what it is.

            EXAMPLES:
              patchbay list
              patchbay list --kind transport
              patchbay list --json
            """
    )

    @Option(help: "Only this kind.")
    var kind: ListedKind?

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let catalog = try Catalog()
        let entries = catalog.entries.filter { kind == nil || $0.kind == kind }
        guard !json else { return print(try JSONNotation.print(.array(entries.map(\.value)))) }
        let terminal = Terminal.output
        let layout = TextLayout(rows: entries.map { [$0.name, $0.version, $0.source, $0.state, $0.summary] })
        // All kinds share their columns, so that the whole reads as one table.
        var groups: [(kind: ListedKind, lines: [String])] = []
        for (entry, row) in zip(entries, layout.rows) {
            let lines = layout.lines(of: row, width: terminal.width) { cell, column in
                column == 0 ? terminal.styled(cell, .cyan) : column < 4 ? terminal.styled(cell, .dim) : cell
            }
            if groups.last?.kind == entry.kind { groups[groups.count - 1].lines += lines } else { groups.append((entry.kind, lines)) }
        }
        print(groups.map { ([terminal.styled($0.kind.heading, .bold)] + $0.lines).joined(separator: "\n") }.joined(separator: "\n\n"))
    }
}
