internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// Accepts the standard input and output once; after that, accepting waits until the listener is closed.
final class StandardIOListener: StreamListener {
    private enum State {
        case fresh
        case accepted
        case waiting(UnsafeContinuation<Void, Never>)
        case closed
    }

    private let open: @Sendable (Reactor) throws(PatchbayError) -> DescriptorStream
    private let state = Locked(State.fresh)

    init(_ open: @escaping @Sendable (Reactor) throws(PatchbayError) -> DescriptorStream) { self.open = open }

    var boundTarget: String { "" }
    var address: Address? { nil }

    func accept(_ home: @Sendable () -> Reactor) async throws -> (any ByteStream)? {
        let isFirst = state.withLock { state in
            guard case .fresh = state else { return false }
            state = .accepted
            return true
        }
        if isFirst { return try open(home()) }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let isWaiting = state.withLock { state in
                    guard case .accepted = state else { return false }
                    state = .waiting(continuation)
                    return true
                }
                if !isWaiting { continuation.resume() }
            }
        } onCancel: {
            close()
        }
        return nil
    }

    func close() {
        let waiting = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            defer { state = .closed }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        waiting?.resume()
    }
}
