internal import PatchbayIO
internal import Synchronization

/// The loop that accepts, apart from the listener so that it does not keep it alive.
final class Accepting: Sendable {
    private let connector: Connector
    private let transport: any StreamListener
    private let reactors: ReactorGroup
    private let home: Reactor
    private let pending: PendingHandshakes
    private weak let listener: Listener?
    private let drain = DrainGate()

    init(_ listener: Listener) {
        connector = listener.connector
        transport = listener.transport
        reactors = listener.reactors
        home = listener.home
        pending = listener.pending
        self.listener = listener
    }

    /// Until the transport is closed or the task is cancelled; then until all connections are over, or the drain is.
    func acceptAll(
        executor: ConnectionExecutor,
        admit: (@Sendable (PeerOffer) async throws -> Admission)?,
        onEvent: (@Sendable (ListenerEvent) -> Void)?,
        _ handle: @escaping @Sendable (Connection) async -> Void
    ) async {
        await withTaskExecutorPreference(home) {
            await withDiscardingTaskGroup { group in
                while let stream = await next(onEvent) {
                    drain.enter()
                    group.addTask(executorPreference: executor.preference(stream.reactor)) {
                        let connection = admit == nil ? self.establishAtOnce(stream) : nil
                        if let connection {
                            await handle(connection)
                        } else if let connection = await self.establish(stream, admit, onEvent) {
                            await handle(connection)
                        }
                        self.drain.leave()
                    }
                }
                transport.close()
                if let limit = listener?.state.withLock({ $0.drain }), await !drain.wait(for: limit, on: home) { group.cancelAll() }
            }
        }
    }

    /// Between failures to accept, so that a lack of descriptors does not become a busy loop.
    private static let pauseAfterFailure = Duration.milliseconds(20)

    private func next(_ onEvent: (@Sendable (ListenerEvent) -> Void)?) async -> (any ByteStream)? {
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
        guard !connector.stack.needsOpening, let link = try? connector.makeLink(stream) else { return nil }
        listener?.state.withLock { $0.lastAccepted = stream.peer.address }
        return Connection(link: link)
    }

    // Not inlined: what it needs of the task's memory is free for the connection's closure afterwards.
    @inline(never)
    private func establish(
        _ stream: any ByteStream,
        _ admit: (@Sendable (PeerOffer) async throws -> Admission)?,
        _ onEvent: (@Sendable (ListenerEvent) -> Void)?
    ) async -> Connection? {
        do {
            let (link, number) = try enter(stream)
            defer { pending.leave(number) }
            return try await open(link, admit)
        } catch {
            giveUp(stream, error, onEvent)
            return nil
        }
    }

    // These two are apart, and not inlined, so that the task needs no room for what they handle.

    /// Counts a peer among those that have not proved who they are.
    @inline(never)
    private func enter(_ stream: any ByteStream) throws -> (Link, UInt64) {
        let address = stream.peer.address
        listener?.state.withLock { $0.lastAccepted = address }
        let link = try connector.makeLink(stream)
        return (link, pending.enter(link, source: address?.host))
    }

    @inline(never)
    private func giveUp(_ stream: any ByteStream, _ error: any Error, _ onEvent: (@Sendable (ListenerEvent) -> Void)?) {
        let peer = stream.peer
        stream.close(abort: false)
        onEvent?(.handshakeFailed(peer, error))
    }

    /// In a task of its own: what a handshake needs of a task's memory is given back with it, not with the connection.
    private func open(_ link: Link, _ admit: (@Sendable (PeerOffer) async throws -> Admission)?) async throws -> Connection {
        async let connection = {
            link.owner.adopt()
            defer { link.owner.disown() }
            return try await withTaskCancellationHandler {
                try await connector.open(link, timeout: connector.stack.connection.handshakeTimeout, admit: admit)
            } onCancel: {
                link.ownerWasCancelled()
            }
        }()
        return try await connection
    }
}
