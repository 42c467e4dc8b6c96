internal import PatchbayIO

/// Where the closure of a connection runs.
public enum ConnectionExecutor: Sendable, Hashable {
    /// On the connection's reactor: the fastest, for closures that neither block nor compute for long.
    ///
    /// Code isolated to an actor keeps its isolation, and pays a hop per wait.
    case reactor
    /// On the global concurrent executor: for closures that block or compute.
    case global

    nonisolated(nonsending) func run<Result>(
        _ reactor: Reactor,
        _ body: () async throws -> Result
    ) async throws -> Result {
        try await withTaskExecutorPreference(preference(reactor)) {
            // A preference alone does not move the task before it first suspends.
            if !reactor.isCurrent || self == .global { await ReactorGroup.settle() }
            return try await body()
        }
    }

    func preference(_ reactor: Reactor) -> any TaskExecutor {
        switch self {
        case .reactor: reactor
        case .global: globalConcurrentExecutor
        }
    }
}
