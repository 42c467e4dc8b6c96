@_exported public import PatchbayCore
@_exported public import PatchbayIO
@_exported public import PatchbayPython

/// Dials with the standard registry; see `withConnection(to:registry:executor:reactors:_:)`.
public nonisolated(nonsending) func withConnection<Result>(
    to url: ConnectionURL?,
    executor: ConnectionExecutor = .reactor,
    reactors: ReactorGroup = .shared,
    _ body: (Connection) async throws -> Result
) async throws -> Result {
    try await withConnection(to: url, registry: .standard, executor: executor, reactors: reactors, body)
}

extension Connection {
    /// Dials with the standard registry; see `connect(to:registry:reactors:)`.
    public nonisolated(nonsending) static func connect(
        to url: ConnectionURL?,
        reactors: ReactorGroup = .shared
    ) async throws -> Connection {
        try await connect(to: url, registry: .standard, reactors: reactors)
    }

    /// Takes a connection over with the standard registry; see `takeOver(from:registry:reactors:)`.
    public nonisolated(nonsending) static func takeOver(
        from carrier: Connection,
        reactors: ReactorGroup = .shared
    ) async throws -> Connection? {
        try await takeOver(from: carrier, registry: .standard, reactors: reactors)
    }
}

extension Listener {
    /// Binds with the standard registry; see `bind(_:registry:reactors:)`.
    public nonisolated(nonsending) static func bind(
        _ url: ConnectionURL?,
        reactors: ReactorGroup = .shared
    ) async throws -> Listener {
        try await bind(url, registry: .standard, reactors: reactors)
    }
}
