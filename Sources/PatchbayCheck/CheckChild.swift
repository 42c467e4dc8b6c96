internal import Glibc
internal import PatchbayCore
internal import PatchbayLoader
internal import PatchbayTesting

/// The body of the child in which one question is asked: `patchbay check-plugin`.
public enum CheckChild {
    /// The hidden command's name.
    public static let command = "check-plugin"

    /// Asks, says the answer, and ends the process.
    /// - Parameter arguments: without the program and the command.
    public static func run(arguments: [String]) async -> Never {
        let (line, request) = ChildLine.open(arguments, as: CheckRequest.self, command: command)
        if let failure = line.confine(request.limits) {
            line.send(CheckMessage(outcome: CheckResult.Outcome.fail.rawValue, detail: failure))
            _exit(70)
        }
        line.send(await answer(request) { line.send($0) })
        // No destructor of foreign code runs at the end.
        _exit(0)
    }

    /// The one answer, after a list of tests where none was named.
    static func answer(_ request: CheckRequest, _ tell: (CheckMessage) -> Void) async -> CheckMessage {
        do {
            let loaded = try CheckedPlugin(request)
            guard let name = request.test else {
                for test in loaded.tests {
                    tell(CheckMessage(test: .init(name: test.name, summary: test.summary, profile: test.profile.rawValue)))
                }
                return CheckMessage(outcome: CheckResult.Outcome.pass.rawValue)
            }
            guard let test = loaded.tests.first(where: { $0.name == name }) else {
                return CheckMessage(outcome: CheckResult.Outcome.fail.rawValue, detail: "there is no test '\(name)' for this plugin")
            }
            let outcome = await test.run(request.settings)
            // A breach is what the host saw and stopped: the test may have taken it for an honest refusal.
            if let breach = loaded.breach { return CheckMessage(outcome: CheckResult.Outcome.fail.rawValue, detail: breach.message) }
            switch outcome {
            case .passed: return CheckMessage(outcome: CheckResult.Outcome.pass.rawValue)
            case .skipped(let reason): return CheckMessage(outcome: CheckResult.Outcome.skip.rawValue, detail: reason)
            case .failed(let message): return CheckMessage(outcome: CheckResult.Outcome.fail.rawValue, detail: message)
            }
        } catch {
            return CheckMessage(outcome: CheckResult.Outcome.fail.rawValue, detail: (error as? PatchbayError)?.message ?? "\(error)")
        }
    }
}

/// A plugin that was opened in this process to be asked.
private struct CheckedPlugin {
    private let opened: OpenedPlugin
    let tests: [ConformanceTest]

    init(_ request: CheckRequest) throws {
        let scan = PluginScan(PluginSearch(files: [request.path]))
        guard let found = scan.plugins.first, found.refusal == nil, found.file?.identity == request.identity else {
            throw PatchbayError(.refused, "\(request.path) changed after it was examined; try again", stage: .plugin)
        }
        opened = try FirstExecution.open(found, .current)
        var registry = Registry()
        try registry.register(opened.plugin, source: found.source)
        tests = Conformance.tests(of: opened.plugin)
    }

    var breach: PatchbayError? { opened.breach() }
}
