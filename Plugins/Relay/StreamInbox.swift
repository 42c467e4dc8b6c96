internal import PatchbayIO
internal import Synchronization

/// Streams that came, for one that takes them.
final class StreamInbox: Sendable {
    typealias Item = Result<RelayedSocket, any Error>

    private struct State {
        var items: [Item] = []
        var taker: UnsafeContinuation<Item?, Never>?
        var isClosed = false
    }

    private let state = Locked(State())

    /// - Returns: false where nobody will take it.
    func put(_ item: Item) -> Bool {
        let (isTaken, taker) = state.withLock { state -> (Bool, UnsafeContinuation<Item?, Never>?) in
            if state.isClosed { return (false, nil) }
            if let taker = state.taker.take() { return (true, taker) }
            state.items.append(item)
            return (true, nil)
        }
        taker?.resume(returning: item)
        return isTaken
    }

    /// Nil once it is closed.
    func take() async -> Item? {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let now = state.withLock { state -> Item?? in
                    if state.isClosed { return .some(nil) }
                    if !state.items.isEmpty { return .some(state.items.removeFirst()) }
                    state.taker = continuation
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            close()
        }
    }

    /// Those that nobody took are closed.
    func close() {
        let (left, taker) = state.withLock { state in
            state.isClosed = true
            defer { state.items = [] }
            return (state.items, state.taker.take())
        }
        for case .success(let socket) in left { socket.stream.close(abort: true) }
        taker?.resume(returning: nil)
    }
}

/// A stream to a relay whose bytes are a peer's from here on.
struct RelayedSocket: Sendable {
    var stream: SocketStream
    var realm: String
    var circuit: [UInt8]
}
