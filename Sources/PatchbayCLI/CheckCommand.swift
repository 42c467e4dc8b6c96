internal import ArgumentParser
internal import Glibc
internal import NIOCore
internal import Patchbay
internal import PatchbayCheck
internal import PatchbayJSON
internal import PatchbayTesting

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Run a plugin through the conformance tests, each in a process of its own.",
        discussion: """
            A crash, a hang or an exit is a result like any other. What is random follows the seed, which is printed: the same \
            seed asks the same. A plugin that was quarantined is free again once its load passes.

            Profiles: load (can it be made), contract (does it keep its duties; the default), stress (many at once, more hostile input).

            EXAMPLES:
              patchbay check acme/build/patchbay-acme.so
              patchbay check ./acme.so --profile stress --seed 42
              patchbay check ./acme.so --reproduce acme/hostile --seed 42
              patchbay check ./acme.so --option acme.key=secret --junit report.xml
              gdb --args patchbay check ./acme.so --in-process --reproduce acme/hostile
            """
    )

    enum ProfileName: String, CaseIterable, ExpressibleByArgument {
        case load, contract, stress

        var profile: ConformanceTest.Profile {
            switch self {
            case .load: .load
            case .contract: .contract
            case .stress: .stress
            }
        }
    }

    @Argument(help: "The plugin's file: a shared object, or a manifest.")
    var path: String

    @Option(help: "How much is asked.")
    var profile: ProfileName = .contract

    @Option(help: "The seed of all that is random; left out: a new one.")
    var seed: UInt64?

    @Option(help: ArgumentHelp("Only tests whose name contains this.", valueName: "name"))
    var reproduce: String?

    @Option(
        name: .customLong("option"),
        help: ArgumentHelp("An option that a layer needs; may be repeated.", valueName: "layer.name=value")
    )
    var options: [String] = []

    @Option(help: ArgumentHelp("Seconds that one test may take.", valueName: "seconds"))
    var deadline = 30

    @Flag(help: "Run everything in this process, as under a debugger; a crash then ends the command.")
    var inProcess = false

    @Flag(help: "Print JSON.")
    var json = false

    @Option(help: ArgumentHelp("Write a report for continuous integration too (JUnit XML).", valueName: "file"))
    var junit: String?

    func validate() throws {
        guard (1...3600).contains(deadline) else { throw ValidationError("--deadline takes 1 to 3600 seconds.") }
        _ = try parsedOptions()
    }

    func run() async throws {
        let seed = seed ?? UInt64.random(in: 0...UInt64(UInt32.max))
        let check = PluginCheck(
            path: PluginArguments.absolute(path),
            settings: ConformanceSettings(
                seed: seed,
                hostileInputs: profile == .stress ? 20_000 : 2000,
                options: try parsedOptions()
            ),
            profile: profile.profile,
            helper: inProcess ? nil : "/proc/self/exe",
            filter: reproduce,
            deadline: .seconds(deadline)
        )
        let printsLines = !json
        let report = try await check.run { if printsLines { CheckPrinting.show($0) } }
        if let junit { try CheckPrinting.write(report.junit, to: junit) }
        print(json ? try JSONNotation.print(report.value) : CheckPrinting.summary(of: report))
        guard report.passed else { throw ReportedFailure(status: .other) }
    }

    private func parsedOptions() throws -> [ConformanceSettings.Option] {
        try options.map { text in
            guard let equals = text.firstIndex(of: "="), equals != text.startIndex else {
                throw ValidationError("'\(text)' is no option; write LAYER.NAME=VALUE, or NAME=VALUE for every layer that has it.")
            }
            let name = text[..<equals]
            let value = String(text[text.index(after: equals)...])
            guard let dot = name.firstIndex(of: ".") else { return .init(name: String(name), value: value) }
            return .init(layer: String(name[..<dot]), name: String(name[name.index(after: dot)...]), value: value)
        }
    }
}

/// How results look.
private enum CheckPrinting {
    static func show(_ result: CheckResult) {
        let terminal = Terminal.output
        let mark =
            switch result.outcome {
            case .pass: terminal.styled("pass   ", .dim)
            case .skip: terminal.styled("skip   ", .dim)
            case .warn: terminal.styled("warn   ", .yellow)
            case .fail: terminal.styled("FAIL   ", .red)
            case .crash: terminal.styled("CRASH  ", .red)
            case .timeout: terminal.styled("TIMEOUT", .red)
            }
        print("\(mark)  \(terminal.styled(Terminal.harmlessLine(result.name), .cyan))  \(Terminal.harmlessLine(result.summary))")
        if !result.detail.isEmpty, result.detail != result.summary { print("         \(Terminal.harmlessLine(result.detail))") }
        for line in result.lastLines { print(terminal.styled("         | \(Terminal.harmlessLine(line))", .dim)) }
    }

    static func summary(of report: CheckReport) -> String {
        let counts = CheckResult.Outcome.allCases.map { ($0, report.count(of: $0)) }.filter { $0.1 > 0 }
        let words = counts.map { "\($0.1) \($0.0.rawValue)" }.joined(separator: ", ")
        let verdict = report.passed ? "passed" : "failed"
        return "\n\(Terminal.harmlessLine(report.plugin ?? report.path)) \(verdict): \(words). Seed \(report.seed)."
    }

    static func write(_ text: String, to path: String) throws {
        let descriptor = open(path, O_CREAT | O_TRUNC | O_WRONLY | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else {
            throw PatchbayError(
                .systemFailure,
                "the report cannot be written to '\(path)': \(String(cString: strerror(errno))); name a file in a folder that you can write",
                stage: .plugin
            )
        }
        defer { close(descriptor) }
        try BlockingWriter.write(ByteBuffer(string: text), to: descriptor)
    }
}
