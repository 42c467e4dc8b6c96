internal import ArgumentParser
internal import Patchbay
internal import PatchbayJSON

struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what a plugin, a layer or an alias is: its options and examples.",
        discussion: """
            connection is the name of the options that every URL takes.

            EXAMPLES:
              patchbay inspect tcp
              patchbay inspect python --json
              patchbay inspect connection
            """
    )

    @Argument(help: "A plugin, a layer or an alias, as 'patchbay list' shows them; or connection.")
    var name: String

    @OptionGroup var plugins: PluginArguments

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let catalog = try Catalog(plugins)
        guard let inspection = Inspection(name, in: catalog) else {
            let nearest = NearestName.of(name, among: Inspection.names(in: catalog)).map { " Did you mean '\($0)'?" } ?? ""
            ErrorReport.show(
                UnknownName(description: "no plugin, layer or alias is named '\(name)'.\(nearest) 'patchbay list' shows them all.")
            )
            throw ReportedFailure(status: .usage)
        }
        print(json ? try JSONNotation.print(inspection.value) : inspection.text(for: .output))
    }
}

private struct UnknownName: Error, CustomStringConvertible {
    var description: String
}
