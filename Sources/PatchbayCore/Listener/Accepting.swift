internal import PatchbayIO
internal import Synchronization

/// The loop that accepts, apart from the listener so that it does not keep it alive.
final class Accepting: Sendable {
    /// What becomes of a connection that is up.
    enum Handling: Sendable {
        /// Its closure runs here, and the connection ends with it.
        case run(@Sendable (Connection) async throws -> Void)
        /// Somebody takes it.
        case hand(ListenerInbox)
    }

    private let connector: Connector
    private let transport: any StreamListener
    private let reactors: ReactorGroup
    private let home: Reactor
    private let pending: PendingHandshakes
    private weak let listener: Listener?
    private let drain = DrainGate()
    private let live = LiveLinks()
    private let admit: (@Sendable (PeerOffer) async throws -> Admission)?
    private let onEvent: (@Sendable (ListenerEvent) -> Void)?
    private let handling: Handling
    private let executor: ConnectionExecutor
    private let transportTellsPeers: Bool

    init(
        _ listener: Listener,
        executor: ConnectionExecutor = .reactor,
        admit: (@Sendable (PeerOffer) async throws -> Admission)? = nil,
        onEvent: (@Sendable (ListenerEvent) -> Void)? = nil,
        _ handling: Handling
    ) {
        connector = listener.connector
        transport = listener.transport
        transportTellsPeers = listener.transport is any PeerTellingListener
        reactors = listener.reactors
        home = listener.home
        pending = listener.pending
        self.listener = listener
        self.admit = admit
        self.onEvent = onEvent
        self.handling = handling
        self.executor = executor
    }

    /// Until the transport is closed or the task is cancelled; then until all connections are over, or the drain is.
    func acceptAll() async {
        await withTaskExecutorPreference(home) {
            await withTaskCancellationHandler {
                await withDiscardingTaskGroup { group in
                    while let stream = await next() {
                        drain.enter()
                        // Little is captured, and little kept across a wait: each idle connection holds it all.
                        group.addTask(executorPreference: executor.preference(stream.reactor)) { [self] in
                            var connection = establishAtOnce(stream)
                            if connection == nil { connection = await establish(stream) }
                            if let connection {
                                switch handling {
                                case .hand(let inbox): await inbox.put(connection)
                                case .run(let body):
                                    begin(connection)
                                    do {
                                        try await body(connection)
                                        await connection.close()
                                        live.leave(connection.link)
                                    } catch {
                                        live.leave(connection.link)
                                        fail(connection, error)
                                    }
                                    connection.link.owner.disown()
                                }
                            }
                            drain.leave()
                        }
                    }
                    transport.close()
                    if let limit = listener?.state.withLock({ $0.drain }), await !drain.wait(for: limit, on: home) {
                        group.cancelAll()
                        live.cancelAll()
                    }
                }
            } onCancel: {
                live.cancelAll()
            }
        }
    }

    // Neither is inlined: each connection's task would hold room for what they need as long as it lives.

    @inline(never)
    private func begin(_ connection: Connection) {
        connection.link.owner.adopt()
        live.enter(connection.link)
    }

    @inline(never)
    private func fail(_ connection: Connection, _ error: any Error) {
        connection.abort()
        onEvent?(.connectionFailed(connection.peer, error))
    }

    /// Between failures to accept, so that a lack of descriptors does not become a busy loop.
    private static let pauseAfterFailure = Duration.milliseconds(20)

    private func next() async -> (any ByteStream)? {
        while true {
            do {
                return try await transport.accept { reactors.next() }
            } catch {
                onEvent?(.acceptFailed(error))
                // A peer that the transport turned away holds up nobody.
                if let error = error as? PatchbayError, error.code == .permissionDenied { continue }
                if (try? await home.sleep(for: Self.pauseAfterFailure)) == nil { return nil }
            }
        }
    }

    /// A connection on which nothing is exchanged before the first message; nil where something is, or where it fails.
    private func establishAtOnce(_ stream: any ByteStream) -> Connection? {
        guard admit == nil, !connector.stack.needsOpening, let link = try? connector.makeLink(stream) else { return nil }
        if !transportTellsPeers { remember(stream.peer.address) }
        return Connection(link: link)
    }

    private func remember(_ address: Address?) { listener?.state.withLock { $0.lastAccepted = address } }

    // Not inlined: what it needs of the task's memory is free for the connection's closure afterwards.
    @inline(never)
    private func establish(_ stream: any ByteStream) async -> Connection? {
        do {
            let (link, number) = try enter(stream)
            defer { pending.leave(number) }
            return try await open(link)
        } catch {
            giveUp(stream, error)
            return nil
        }
    }

    // These two are apart, and not inlined, so that the task needs no room for what they handle.

    /// Counts a peer among those that have not proved who they are.
    @inline(never)
    private func enter(_ stream: any ByteStream) throws -> (Link, UInt64) {
        let address = stream.peer.address
        if !transportTellsPeers { remember(address) }
        let link = try connector.makeLink(stream)
        return (link, pending.enter(link, source: address?.host))
    }

    @inline(never)
    private func giveUp(_ stream: any ByteStream, _ error: any Error) {
        let peer = stream.peer
        stream.close(abort: false)
        onEvent?(.handshakeFailed(peer, error))
    }

    /// In a task of its own: what a handshake needs of a task's memory is given back with it, not with the connection. Not a child, whose
    /// memory would be its parent's.
    private func open(_ link: Link) async throws -> Connection {
        let opening = Task(executorPreference: executor.preference(link.reactor)) { [self] in
            link.owner.adopt()
            defer { link.owner.disown() }
            return try await withTaskCancellationHandler {
                try await connector.open(link, timeout: connector.stack.connection.handshakeTimeout, admit: admit)
            } onCancel: {
                link.ownerWasCancelled()
            }
        }
        return try await withTaskCancellationHandler {
            try await opening.value
        } onCancel: {
            opening.cancel()
        }
    }
}
