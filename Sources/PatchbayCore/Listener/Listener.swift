public import PatchbayIO
internal import Synchronization

/// Accepts connections.
///
/// Handshakes happen outside accept, beside each other, with a deadline and a bound: a silent peer delays nobody.
/// The listener closes when its last reference goes.
public final class Listener: Sendable {
    let connector: Connector
    let transport: any StreamListener
    let reactors: ReactorGroup
    let home: Reactor
    let pending: PendingHandshakes
    let state = Locked(State())
    let inbox = ListenerInbox()

    struct State: Sendable {
        var running = false
        var closed = false
        /// Where the transport does not tell.
        var lastAccepted: Address?
        /// How long `run` waits for its connections after it was stopped; nil: for ever.
        var drain: Duration?
        /// Accepts for those who call `accept()`.
        var pump: Task<Void, Never>?
    }

    private init(connector: Connector, transport: any StreamListener, reactors: ReactorGroup, home: Reactor) {
        self.connector = connector
        self.transport = transport
        self.reactors = reactors
        self.home = home
        pending = PendingHandshakes(maximum: connector.stack.connection.maxPending)
    }

    deinit {
        state.withLock { $0.pump }?.cancel()
        transport.close()
    }

    /// Binds and listens; connections wait in the system's backlog until ``run(executor:admit:onEvent:_:)`` or ``accept()``.
    /// - Parameter url: nil: this node's own name.
    /// - Throws: ``PatchbayError`` at stage `resolve` or `listen`.
    public nonisolated(nonsending) static func bind(
        _ url: ConnectionURL?,
        registry: Registry,
        reactors: ReactorGroup = .shared
    ) async throws -> Listener {
        let connector = Connector(stack: try registry.stack(for: url, .listener), role: .listener)
        let home = reactors.next()
        let transport = try await connector.stack.transport.listen(connector.stack.transportContext(on: home))
        return Listener(connector: connector, transport: transport, reactors: reactors, home: home)
    }

    /// The plan of its connections.
    public var stack: Stack { connector.stack }

    /// What a peer dials, with the port that was bound; holds no secret.
    public var url: String { connector.stack.boundURL(transport.boundTarget) }

    /// The bound address, where there is one.
    public var address: Address? { transport.address }

    /// Where the connection that came last came from.
    public var lastAccepted: Address? {
        if let telling = transport as? any PeerTellingListener { return telling.lastPeer }
        return state.withLock { $0.lastAccepted }
    }

    /// Stops listening; connections go on. Idempotent.
    public func close() {
        let pump = state.withLock { state in
            state.closed = true
            return state.pump.take()
        }
        pump?.cancel()
        transport.close()
        inbox.close()
    }

    /// Stops listening, and has ``run(executor:admit:onEvent:_:)`` return once its connections are over.
    /// - Parameter drain: after that they are cancelled.
    public func stop(drain: Duration) {
        state.withLock { $0.drain = drain }
        close()
    }
}
