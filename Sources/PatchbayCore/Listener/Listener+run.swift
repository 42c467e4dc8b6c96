internal import PatchbayIO
internal import Synchronization

extension Listener {
    /// Runs `body` once per connection, each in a child task on its connection's reactor, until the listener is closed or the task
    /// is cancelled; then waits for the connections.
    /// - Parameters:
    ///   - executor: ``ConnectionExecutor/global`` for a body that blocks or computes.
    ///   - admit: asked once a peer has proved what the stack demands; nil: all are admitted.
    ///   - onEvent: told what went wrong with single peers.
    ///   - body: as for ``withConnection(to:registry:executor:reactors:_:)``: a return closes in order, a throw aborts.
    /// - Throws: ``PatchbayError`` with `closed` where the listener was closed before, `invalidArgument` where it runs already.
    public func run(
        executor: ConnectionExecutor = .reactor,
        admit: (@Sendable (PeerOffer) async throws -> Admission)? = nil,
        onEvent: (@Sendable (ListenerEvent) -> Void)? = nil,
        _ body: @escaping @Sendable (Connection) async throws -> Void
    ) async throws {
        try start()
        defer { state.withLock { $0.running = false } }
        await Accepting(self, executor: executor, admit: admit, onEvent: onEvent, .run(body)).acceptAll()
    }

    private func start() throws {
        try state.withLock { state throws in
            if state.closed { throw Self.closed() }
            if state.running {
                throw PatchbayError(.invalidArgument, "this listener accepts already; use one run, or accept()", stage: .listen)
            }
            state.running = true
        }
    }

    static func closed() -> PatchbayError {
        PatchbayError(.closed, "the listener is closed and cannot accept", stage: .listen)
    }

    /// The next connection, past its handshake. Those that came earlier wait here, a bounded number.
    ///
    /// Peers that fail their handshake are left out; ``run(executor:admit:onEvent:_:)`` tells of them.
    /// - Throws: ``PatchbayError`` with `closed` once the listener is closed; `CancellationError`.
    public nonisolated(nonsending) func accept() async throws -> Connection {
        try state.withLock { state throws in
            if state.closed { throw Self.closed() }
            guard state.pump == nil else { return }
            if state.running {
                throw PatchbayError(.invalidArgument, "this listener accepts already; use one run, or accept()", stage: .listen)
            }
            state.running = true
            // Not structured: it outlives this call, and ends with the listener, which it does not keep alive.
            let accepting = Accepting(self, .hand(inbox))
            let inbox = inbox
            state.pump = Task(executorPreference: home) {
                await accepting.acceptAll()
                inbox.close()
            }
        }
        return try await inbox.take()
    }
}
