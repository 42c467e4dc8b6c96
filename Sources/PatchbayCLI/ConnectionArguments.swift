internal import ArgumentParser
internal import Patchbay
internal import PatchbayExec
internal import PatchbayLoader

/// What every command takes that resolves a URL.
struct ConnectionArguments: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The connection: a URL, host:port, /path/of.sock or a node's name; left out: this node.", valueName: "url")
    )
    var text: String?

    @Flag(help: "Let exec:// URLs start programs.")
    var allowExec = false

    @OptionGroup var plugins: PluginArguments

    @Option(help: ArgumentHelp("Load only plugins that this file of 'patchbay lock' names.", valueName: "file"))
    var lock: String?

    /// A text that is no URL is kept with its error, which resolution throws.
    var url: ConnectionURL? { text.map { ConnectionURL(stringLiteral: $0) } }

    /// The standard registry, with what was allowed and the plugins that were found.
    /// - Throws: also where a plugin that the command line names cannot be used; others only say so.
    func registry() async throws -> Registry {
        var registry = Registry.program
        if allowExec { try registry.register(ExecPlugin(allowing: .all)) }
        let search = plugins.search
        let lock = try lock.map { path throws(PatchbayError) in try LockFile(path: PluginArguments.absolute(path)) }
        let reports = try await PluginLoader(search: search, prober: plugins.prober, lock: lock).load(into: &registry)
        for report in reports where report.path.map(search.files.contains) == true && report.state != .ready {
            let state = [report.state.word, report.state.reason].compactMap { $0 }.joined(separator: ": ")
            throw PatchbayError(.refused, "the plugin \(report.path ?? report.name) is \(state)", stage: .plugin)
        }
        return registry
    }

    /// What can be done where a URL names what is not registered: the plugin that has it and cannot be used, or a flag.
    private func advice(_ error: PatchbayError) -> String? {
        guard error.code == .unknownLayer, let url else { return nil }
        if url.transport == "exec", !allowExec { return "exec starts programs; where you trust the URL, allow it with --allow-exec." }
        guard let catalog = try? Catalog(plugins), let text else { return nil }
        let names = Set(text.prefix { $0 != ":" }.split(separator: "+").map(String.init))
        let report = catalog.reports.first { !names.isDisjoint(with: $0.layerNames) && $0.state != .ready }
        guard let report else { return nil }
        let state = [report.state.word, report.state.reason].compactMap { $0 }.joined(separator: ": ")
        return Terminal.harmlessLine(
            "The plugin \(report.path ?? report.name) has it, and is \(state). See 'patchbay list --why \(report.name)'."
        )
    }

    /// Runs what resolves the URL; shows an error with the place in the URL.
    func reporting<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as PatchbayError {
            ErrorReport.show(error, url: url, advice: advice(error))
            throw ReportedFailure(status: ExitStatus(of: error))
        }
    }

    /// Standard input and output belong to the connection itself.
    var usesStandardIO: Bool { url?.transport == "stdio" }
}
