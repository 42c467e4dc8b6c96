internal import Glibc
internal import NIOCore
internal import PatchbayCore
internal import PatchbayJSON
internal import PatchbayLoader
public import PatchbayTesting

/// Asks a plugin's file everything that the conformance suites know, each question in a child process.
public struct PluginCheck: Sendable {
    /// Absolute, of a shared object or a manifest.
    public var path: String
    public var settings: ConformanceSettings
    public var profile: ConformanceTest.Profile
    /// The installed `patchbay`, or `/proc/self/exe` where this is that; nil: no children, all in this process, as under a debugger.
    public var helper: String?
    /// Only tests whose name contains this.
    public var filter: String?
    /// What one test may take.
    public var deadline: Duration

    public init(
        path: String,
        settings: ConformanceSettings = ConformanceSettings(),
        profile: ConformanceTest.Profile = .contract,
        helper: String?,
        filter: String? = nil,
        deadline: Duration = .seconds(30)
    ) {
        self.path = path
        self.settings = settings
        self.profile = profile
        self.helper = helper
        self.filter = filter
        self.deadline = deadline
    }

    /// Asks everything, one after the other.
    /// - Parameter progress: told of each result as it comes.
    /// - Throws: `CancellationError`; `PatchbayError` where the helper is at fault. What the plugin does is in the report.
    public func run(_ progress: @Sendable (CheckResult) -> Void = { _ in }) async throws -> CheckReport {
        var report = CheckReport(path: path, seed: settings.seed)
        func add(_ result: CheckResult) {
            report.results.append(result)
            progress(result)
        }
        let scan = PluginScan(PluginSearch(files: [path]))
        guard let plugin = scan.plugins.first else { throw PatchbayError(.invalidArgument, "no plugin was named", stage: .plugin) }
        report.plugin = plugin.metadata?.name
        for result in Self.results(of: plugin) { add(result) }
        guard plugin.refusal == nil, let identity = plugin.file?.identity else { return report }
        let request = CheckRequest(path: path, identity: identity, settings: settings, limits: limits)
        let (loading, names) = try await load(request)
        add(loading)
        // From now on its record says what happened today.
        if let helper, filter == nil {
            _ = try await PluginLoader(search: PluginSearch(files: [path]), prober: Prober(helper: helper)).recheck(plugin)
        }
        for test in names where test.profile <= profile.rawValue && (filter.map { test.name.contains($0) } ?? true) {
            try Task.checkCancellation()
            add(try await ask(test, request))
        }
        return report
    }

    private var limits: ProbeLimits {
        var limits = ProbeLimits()
        limits.milliseconds = Int(deadline / .milliseconds(1))
        limits.processorSeconds = UInt64(max(1, deadline / .seconds(1)))
        limits.fileSize = 64 << 20
        limits.descriptors = 1024
        return limits
    }

    /// What can be told without running any of it.
    private static func results(of plugin: FoundPlugin) -> [CheckResult] {
        plugin.report(plugin.refusal.map { PluginState.refused(reason: $0) } ?? .unchecked).steps.filter { $0.outcome != .skipped }.map {
            step in
            let outcome: CheckResult.Outcome =
                switch step.outcome {
                case .passed, .skipped: .pass
                case .warning: .warn
                case .failed: .fail
                }
            return CheckResult(
                name: "file/\(step.name)",
                summary: step.detail,
                outcome: outcome,
                detail: outcome == .pass ? "" : step.detail
            )
        }
    }

    // MARK: One question

    private func load(_ request: CheckRequest) async throws -> (CheckResult, [CheckMessage.Test]) {
        let summary = "it is opened, its entry gives what its metadata says, and its layers are registered"
        let (result, messages) = try await child("load", summary, request)
        return (result, result.outcome == .pass ? messages.compactMap(\.test) : [])
    }

    private func ask(_ test: CheckMessage.Test, _ request: CheckRequest) async throws -> CheckResult {
        var request = request
        request.test = test.name
        return try await child(test.name, test.summary, request).0
    }

    private func child(_ name: String, _ summary: String, _ request: CheckRequest) async throws -> (CheckResult, [CheckMessage]) {
        var result = CheckResult(name: name, summary: summary, outcome: .pass)
        guard let helper else {
            let started = ContinuousClock.now
            var messages: [CheckMessage] = []
            let last = await CheckChild.answer(request) { messages.append($0) }
            result.elapsed = .now - started
            result.take(last)
            return (result, messages)
        }
        var argument = ByteBuffer()
        try JSONCodec().encode(request, into: &argument)
        let observation = try await Prober(helper: helper, limits: limits).observe([CheckChild.command, String(buffer: argument)])
        if let failure = observation.startFailure {
            throw PatchbayError(.systemFailure, "the helper \(helper) could not be started: \(failure)", stage: .plugin)
        }
        let messages = observation.lines.split(separator: UInt8(ascii: "\n")).compactMap {
            // Cut short by the plugin's end.
            try? JSONCodec().decode(CheckMessage.self, from: ByteBuffer(bytes: $0))
        }
        result.elapsed = .milliseconds(observation.milliseconds)
        switch observation.ending {
        case .timedOut:
            (result.outcome, result.detail) = (
                .timeout, "it did not end within \(deadline); a call that waits needs \"blocking\": true in its metadata"
            )
        case .killed(let signal):
            result.outcome = .crash
            result.detail =
                "the process ended by \(ProbeOutcome.name(signal)); see it in a debugger: patchbay check --in-process --reproduce '\(name)'"
        case .exited(let status):
            if let last = messages.last(where: { $0.outcome != nil }) {
                result.take(last)
            } else {
                (result.outcome, result.detail) = (.crash, "it ended its process with exit code \(status); a plugin never calls exit")
            }
        }
        if result.outcome.isFailure { result.lastLines = observation.log }
        return (result, messages)
    }
}

extension CheckResult {
    fileprivate mutating func take(_ message: CheckMessage) {
        outcome = message.outcome.flatMap(Outcome.init(rawValue:)) ?? .fail
        detail = message.detail ?? ""
    }
}
