internal import ArgumentParser
internal import Patchbay
internal import PatchbayExec

/// What every command takes that resolves a URL.
struct ConnectionArguments: ParsableArguments {
    @Argument(
        help: ArgumentHelp("The connection: a URL, host:port, /path/of.sock or a node's name; left out: this node.", valueName: "url")
    )
    var text: String?

    @Flag(help: "Let exec:// URLs start programs.")
    var allowExec = false

    /// A text that is no URL is kept with its error, which resolution throws.
    var url: ConnectionURL? { text.map { ConnectionURL(stringLiteral: $0) } }

    /// The standard registry, with what was allowed.
    func registry() throws -> Registry {
        var registry = Registry.standard
        if allowExec { try registry.register(ExecPlugin(allowing: .all)) }
        return registry
    }

    /// Runs what resolves the URL; shows an error with the place in the URL.
    func reporting<Result>(_ body: () async throws -> Result) async throws -> Result {
        do {
            return try await body()
        } catch let error as PatchbayError {
            let isExec = error.code == .unknownLayer && url?.transport == "exec" && !allowExec
            ErrorReport.show(
                error,
                url: url,
                advice: isExec ? "exec starts programs; where you trust the URL, allow it with --allow-exec." : nil
            )
            throw ReportedFailure(status: ExitStatus(of: error))
        }
    }

    /// Standard input and output belong to the connection itself.
    var usesStandardIO: Bool { url?.transport == "stdio" }
}
