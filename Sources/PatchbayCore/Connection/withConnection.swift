public import PatchbayIO

/// Dials, runs `body` with the connection, and closes it whatever way the body ends.
///
/// A return flushes and ends in order, within the URL's `close-timeout`, as ``Connection/close()`` does; a throw aborts. The body runs
/// on the connection's reactor where the caller is not isolated, and on the caller's actor where it is.
/// - Parameters:
///   - url: see docs/url.md.
///   - registry: what the URL's names mean.
///   - executor: ``ConnectionExecutor/global`` for a body that blocks or computes.
///   - reactors: where the connection lives.
/// - Throws: ``PatchbayError``; `CancellationError`; what `body` throws.
public nonisolated(nonsending) func withConnection<Result>(
    to url: ConnectionURL?,
    registry: Registry,
    executor: ConnectionExecutor = .reactor,
    reactors: ReactorGroup = .shared,
    _ body: (Connection) async throws -> Result
) async throws -> Result {
    let connector = Connector(stack: try registry.stack(for: url, .dialer), role: .dialer)
    let reactor = reactors.currentOrNext()
    return try await executor.run(reactor) {
        let connection = try await connector.connect(reactor)
        return try await connection.use(body)
    }
}

extension Connection {
    /// Dials; the connection closes when its last reference goes. Prefer ``withConnection(to:registry:executor:reactors:_:)``, which
    /// also waits until the system has all that was sent.
    /// - Throws: ``PatchbayError``; `CancellationError`.
    public nonisolated(nonsending) static func connect(
        to url: ConnectionURL?,
        registry: Registry,
        reactors: ReactorGroup = .shared
    ) async throws -> Connection {
        let connector = Connector(stack: try registry.stack(for: url, .dialer), role: .dialer)
        return try await connector.connect(reactors.currentOrNext())
    }

    /// Runs `body` as the connection's owner, and closes.
    nonisolated(nonsending) func use<Result>(_ body: (Connection) async throws -> Result) async throws -> Result {
        let link = link
        link.owner.adopt()
        do {
            let result = try await withTaskCancellationHandler {
                try await body(self)
            } onCancel: {
                link.ownerWasCancelled()
            }
            await close()
            link.owner.disown()
            return result
        } catch {
            link.owner.disown()
            abort()
            throw error
        }
    }
}
