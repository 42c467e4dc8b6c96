internal import ArgumentParser
internal import Patchbay
internal import PatchbayJSON
internal import PatchbayLoader

struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what a plugin, a layer or an alias is: its options and examples.",
        discussion: """
            connection is the name of the options that every URL takes. Of a plugin's file it shows the owner, the hash, the libraries that \
            it needs, with those that are missing, the result of its last check, and what it registers; none of it is run.

            EXAMPLES:
              patchbay inspect tcp
              patchbay inspect python --json
              patchbay inspect connection
              patchbay inspect ./libacme.so
            """
    )

    @Argument(help: "A plugin, a layer or an alias, as 'patchbay list' shows them; a plugin's file, with a slash; or connection.")
    var name: String

    @OptionGroup var plugins: PluginArguments

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        var plugins = plugins
        let isPath = name.contains("/")
        if isPath { plugins.files.insert(name, at: 0) }
        let catalog = try Catalog(plugins)
        if !isPath, let inspection = Inspection(name, in: catalog) {
            return print(json ? try JSONNotation.print(inspection.value) : inspection.text(for: .output))
        }
        guard let inspection = PluginFileInspection(name, in: catalog) else { throw unknown(catalog) }
        print(json ? try JSONNotation.print(inspection.value) : inspection.text(for: .output))
    }

    private func unknown(_ catalog: Catalog) -> ReportedFailure {
        let nearest = NearestName.of(name, among: Inspection.names(in: catalog)).map { " Did you mean '\($0)'?" } ?? ""
        ErrorReport.show(
            UnknownName(description: "no plugin, layer or alias is named '\(name)'.\(nearest) 'patchbay list' shows them all.")
        )
        return ReportedFailure(status: .usage)
    }
}

private struct UnknownName: Error, CustomStringConvertible {
    var description: String
}
