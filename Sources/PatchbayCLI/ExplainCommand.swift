internal import ArgumentParser
internal import Patchbay
internal import PatchbayJSON

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say what a URL stands for, layer by layer, and why; dial nothing.",
        discussion: """
            Secrets are not shown. The files of secrets that the URL names are read.

            EXAMPLES:
              patchbay explain 'json+hmac+tcp://host:7000?key-file=worker.key'
              patchbay explain 'python+unix:///run/worker.sock?auth=none' --json
              patchbay explain tcp:// --listen
            """
    )

    @OptionGroup var connection: ConnectionArguments

    @Flag(help: "Resolve the URL for listening.")
    var listen = false

    @Flag(help: "Print JSON.")
    var json = false

    func run() async throws {
        let stack = try await connection.reporting {
            try await connection.registry().resolve(connection.url, for: listen ? .listener : .dialer)
        }
        guard !json else { return print(try JSONNotation.print(stack.explanation)) }
        let lines = stack.description.split(separator: "\n", omittingEmptySubsequences: false)
        print(Terminal.output.styled(String(lines[0]), .bold))
        for line in lines.dropFirst() { print(Terminal.harmless(String(line))) }
    }
}
