internal import PatchbayIO
internal import Synchronization

/// Connections between a listener's handshakes and `accept()`: a bounded queue.
final class ListenerInbox: Sendable {
    private static let capacity = 64

    private struct State {
        var ready: [Connection] = []
        var closed = false
        var lastID: UInt64 = 0
        var takers: [(id: UInt64, continuation: UnsafeContinuation<Connection?, Never>)] = []
        var putters: [(id: UInt64, continuation: UnsafeContinuation<Void, Never>)] = []
    }

    private let state = Locked(State())

    /// Suspends while the queue is full; drops the connection where nobody will take it any more.
    func put(_ connection: Connection) async {
        while true {
            let (done, taker) = state.withLock { state -> (Bool, UnsafeContinuation<Connection?, Never>?) in
                if state.closed || Task.isCancelled { return (true, nil) }
                if !state.takers.isEmpty { return (true, state.takers.removeFirst().continuation) }
                guard state.ready.count < Self.capacity else { return (false, nil) }
                state.ready.append(connection)
                return (true, nil)
            }
            taker?.resume(returning: connection)
            if done { return }
            await waitForRoom()
        }
    }

    private func waitForRoom() async {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let goOn = state.withLock { state in
                    if state.closed || Task.isCancelled || state.ready.count < Self.capacity { return true }
                    state.putters.append((id, continuation))
                    return false
                }
                if goOn { continuation.resume() }
            }
        } onCancel: {
            state.withLock { state in
                state.putters.firstIndex { $0.id == id }.map { state.putters.remove(at: $0).continuation }
            }?.resume()
        }
    }

    /// - Throws: ``PatchbayError`` with `closed`; `CancellationError`.
    nonisolated(nonsending) func take() async throws -> Connection {
        let id = state.withLock { state in
            state.lastID += 1
            return state.lastID
        }
        let connection = await withTaskCancellationHandler {
            await withUnsafeContinuation { (continuation: UnsafeContinuation<Connection?, Never>) in
                let (now, putter) = state.withLock { state -> (Connection??, UnsafeContinuation<Void, Never>?) in
                    if Task.isCancelled { return (.some(nil), nil) }
                    if !state.ready.isEmpty {
                        return (.some(state.ready.removeFirst()), state.putters.isEmpty ? nil : state.putters.removeFirst().continuation)
                    }
                    if state.closed { return (.some(nil), nil) }
                    state.takers.append((id, continuation))
                    return (nil, nil)
                }
                putter?.resume()
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            state.withLock { state in
                state.takers.firstIndex { $0.id == id }.map { state.takers.remove(at: $0).continuation }
            }?.resume(returning: nil)
        }
        if let connection { return connection }
        try Task.checkCancellation()
        throw Listener.closed()
    }

    /// Nobody takes from here any more: what waits is dropped, which closes it.
    func close() {
        let (takers, putters, untaken) = state.withLock { state in
            state.closed = true
            defer {
                state.takers = []
                state.putters = []
                state.ready = []
            }
            return (state.takers, state.putters, state.ready)
        }
        for taker in takers { taker.continuation.resume(returning: nil) }
        for putter in putters { putter.continuation.resume() }
        // Let go of outside of the lock.
        withExtendedLifetime(untaken) {}
    }
}
