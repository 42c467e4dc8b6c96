internal import Patchbay

/// Where the client's task runs.
enum TaskPlacement: String {
    /// In `withConnection`'s closure, on the connection's reactor.
    case reactor
    /// On the global executor, with a connection of its own: each wait is a hop between threads.
    case global
}

/// Who measures: a URL, what its names mean, and where the task runs.
struct BenchClient {
    let url: ConnectionURL
    let registry: Registry
    let placement: TaskPlacement

    /// Calls `body` with a new connection, in the task that was asked for.
    func withConnection<Result: Sendable>(_ body: @Sendable (Connection) async throws -> Result) async throws -> Result {
        switch placement {
        case .reactor: try await Patchbay.withConnection(to: url, registry: registry, body)
        case .global: try await Self.onGlobalExecutor { try await with(Connection.connect(to: url, registry: registry), body) }
        }
    }

    /// Runs what opens many connections where a program that does so would: on a reactor, or on the global executor.
    func placed<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
        switch placement {
        case .reactor: try await ReactorGroup.shared.run(body)
        case .global: try await Self.onGlobalExecutor(body)
        }
    }

    private func with<Result>(_ connection: Connection, _ body: (Connection) async throws -> Result) async throws -> Result {
        do {
            let result = try await body(connection)
            await connection.close()
            return result
        } catch {
            connection.abort()
            throw error
        }
    }

    @concurrent private static func onGlobalExecutor<Result: Sendable>(
        _ body: @Sendable () async throws -> Result
    ) async throws -> Result {
        try await body()
    }
}
