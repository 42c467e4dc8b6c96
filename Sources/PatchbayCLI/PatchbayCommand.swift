internal import ArgumentParser
internal import Glibc
internal import Patchbay
internal import PatchbayCheck
internal import PatchbayLoader

/// The program `patchbay`.
@main
struct PatchbayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "patchbay",
        abstract: "Message connections, each named by one URL.",
        discussion: """
            EXAMPLES:
              patchbay list
              patchbay explain 'json+hmac+tcp://host:7000?key-file=worker.key'
              patchbay listen 'json+tcp://127.0.0.1:7000' --echo
              patchbay connect 'json+tcp://127.0.0.1:7000' --send '{"text":"hello"}'
              patchbay relay tcp://0.0.0.0:7000 --access relay.access

            EXIT CODES:
            \(ExitStatus.table.map { "  \($0)" }.joined(separator: "\n"))

            Colours appear on terminals only, and not where NO_COLOR is set. For completion in a shell: \
            patchbay --generate-completion-script bash (or zsh, or fish).
            """,
        version: "0.1.0",
        subcommands: [
            ListCommand.self, InspectCommand.self, ExplainCommand.self, ListenCommand.self, ConnectCommand.self, CheckCommand.self,
            NewCommand.self, LockCommand.self, KeyCommand.self, RelayCommand.self,
        ]
    )

    static func main() async {
        openStandardStreams()
        // Before everything else: what a plugin does to a process, it should do to one that has nothing else.
        if CommandLine.arguments.dropFirst().first == Probe.command { Probe.run(arguments: Array(CommandLine.arguments.dropFirst(2))) }
        if CommandLine.arguments.dropFirst().first == CheckChild.command {
            await CheckChild.run(arguments: Array(CommandLine.arguments.dropFirst(2)))
        }
        Glibc.exit(await Interruption.watch { await runCommand() })
    }

    /// A program started with one of them closed would get a socket in its place, and print into that.
    private static func openStandardStreams() {
        for descriptor: CInt in 0...2 where fcntl(descriptor, F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
    }

    private static func runCommand() async -> Int32 {
        do {
            try checkName(CommandLine.arguments.dropFirst().first)
            try await parseAndRun()
            return ExitStatus.success.rawValue
        } catch let failure as ReportedFailure {
            return failure.status.rawValue
        } catch let error where error is PatchbayError || error is CancellationError || error is StandardStreamFailure {
            ErrorReport.show(error)
            return ExitStatus(of: error).rawValue
        } catch {
            // What the argument parser threw: help, the version, or a wrong command line.
            exit(withError: error)
        }
    }

    private static func parseAndRun() async throws {
        var command = try parseAsRoot()
        if var command = command as? any AsyncParsableCommand {
            try await command.run()
        } else {
            try command.run()
        }
    }

    /// A mistyped command gets the nearest one.
    private static func checkName(_ name: String?) throws {
        guard let name, !name.hasPrefix("-") else { return }
        let names = configuration.subcommands.compactMap { $0.configuration.commandName } + ["help"]
        guard !names.contains(name) else { return }
        let nearest = NearestName.of(name, among: names).map { " Did you mean '\($0)'?" } ?? ""
        throw ValidationError("There is no command '\(Terminal.harmless(name))'.\(nearest)")
    }
}

/// A failure that standard error already told of.
struct ReportedFailure: Error {
    var status: ExitStatus
}
