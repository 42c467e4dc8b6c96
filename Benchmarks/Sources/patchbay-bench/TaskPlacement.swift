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

    /// Calls `body` with a new connection, in the task that was asked for. Under ``TaskPlacement/global`` the caller is there already.
    func withConnection<Result>(_ body: (Connection) async throws -> Result) async throws -> Result {
        switch placement {
        case .reactor: return try await Patchbay.withConnection(to: url, registry: registry, body)
        case .global:
            let connection = try await Connection.connect(to: url, registry: registry)
            do {
                let result = try await body(connection)
                await connection.close()
                return result
            } catch {
                connection.abort()
                throw error
            }
        }
    }

    /// Runs what opens many connections where a program that does so would: on a reactor, or where it is.
    func placed<Result>(_ body: () async throws -> Result) async throws -> Result {
        switch placement {
        case .reactor: try await ReactorGroup.shared.run(body)
        case .global: try await body()
        }
    }
}
