/// One question that a layer must answer well, whoever wrote it and however it came: linked in, loaded or bound.
///
/// `patchbay check` runs the same tests, each in a process of its own. In a test of yours:
///
///     @Test(arguments: Conformance.tests(of: AcmePlugin())) func conforms(_ test: ConformanceTest) async throws {
///         try await test.verify()
///     }
public struct ConformanceTest: Sendable, CustomStringConvertible {
    /// How much is asked.
    public enum Profile: Int, Sendable, CaseIterable {
        /// It can be made at all.
        case load
        /// It keeps the duties of its protocol.
        case contract
        /// Hostile input and many at once, for longer.
        case stress
    }

    /// `layer/question-in-few-words`, unique within a plugin.
    public let name: String
    /// What holds where it passes, as a sentence.
    public let summary: String
    public let profile: Profile
    private let body: @Sendable (borrowing ConformanceRun) async throws -> Void

    init(
        _ name: String,
        _ summary: String,
        profile: Profile = .contract,
        _ body: @escaping @Sendable (borrowing ConformanceRun) async throws -> Void
    ) {
        self.name = name
        self.summary = summary
        self.profile = profile
        self.body = body
    }

    public var description: String { name }

    /// Asks. Does not throw: whatever the layer throws where it must not is a failure.
    public func run(_ settings: ConformanceSettings = ConformanceSettings()) async -> ConformanceOutcome {
        do {
            try await body(ConformanceRun(name: name, settings: settings))
            return .passed
        } catch let failure as ConformanceFailure {
            return .failed(failure.message)
        } catch let skip as ConformanceSkip {
            return .skipped(skip.reason)
        } catch {
            return .failed("it threw where nothing is wrong: \(error)")
        }
    }

    /// Asks, and throws where the answer is wrong.
    /// - Returns: why it was skipped, where it was: an option that the author must give, or something that this layer does not have.
    /// - Throws: ``ConformanceFailure``.
    @discardableResult
    public func verify(_ settings: ConformanceSettings = ConformanceSettings()) async throws -> String? {
        switch await run(settings) {
        case .passed: return nil
        case .skipped(let reason): return reason
        case .failed(let message): throw ConformanceFailure("\(name): \(message) (seed \(settings.seed))")
        }
    }
}

/// How a test ended.
public enum ConformanceOutcome: Sendable, Hashable {
    case passed
    /// It could not be asked here, and why.
    case skipped(String)
    /// What the layer did, and what it should have done.
    case failed(String)
}

/// A layer that does not keep its duties.
public struct ConformanceFailure: Error, CustomStringConvertible {
    public let message: String
    public init(_ message: String) { self.message = message }
    public var description: String { message }
}

/// A test that cannot be run here.
struct ConformanceSkip: Error {
    var reason: String
}
