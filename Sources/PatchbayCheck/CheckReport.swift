public import PatchbayCore

/// What `patchbay check` found about one plugin.
public struct CheckReport: Sendable {
    public var path: String
    /// From its metadata; nil where that cannot be read.
    public var plugin: String?
    /// Of everything that was random.
    public var seed: UInt64
    public var results: [CheckResult] = []

    public init(path: String, plugin: String? = nil, seed: UInt64) {
        self.path = path
        self.plugin = plugin
        self.seed = seed
    }

    /// Nothing failed, crashed or hung, and something was asked.
    public var passed: Bool { !results.isEmpty && !results.contains { $0.outcome.isFailure } }

    public func count(of outcome: CheckResult.Outcome) -> Int { results.count { $0.outcome == outcome } }

    public var value: Value {
        [
            "path": .string(path), "plugin": plugin.map(Value.string) ?? .null,
            "seed": Int64(exactly: seed).map(Value.int) ?? .bigInteger(BigInteger(seed)),
            "passed": .bool(passed), "tests": .array(results.map(\.value)),
        ]
    }
}

/// How one test ended.
public struct CheckResult: Sendable {
    public enum Outcome: String, Sendable, Hashable, CaseIterable {
        case pass, fail, crash, timeout, warn, skip

        public var isFailure: Bool { self == .fail || self == .crash || self == .timeout }
    }

    public var name: String
    /// What holds where it passes, as a sentence.
    public var summary: String
    public var outcome: Outcome
    /// What was found, and what to do; empty for a pass.
    public var detail: String
    /// The last lines that the plugin logged or printed, for a failure.
    public var lastLines: [String]
    public var elapsed: Duration

    public init(name: String, summary: String, outcome: Outcome, detail: String = "", lastLines: [String] = [], elapsed: Duration = .zero) {
        self.name = name
        self.summary = summary
        self.outcome = outcome
        self.detail = detail
        self.lastLines = lastLines
        self.elapsed = elapsed
    }

    var value: Value {
        [
            "name": .string(name), "summary": .string(summary), "outcome": .string(outcome.rawValue), "detail": .string(detail),
            "lastLines": .array(lastLines.map(Value.string)), "seconds": .double(elapsed / .seconds(1)),
        ]
    }
}
