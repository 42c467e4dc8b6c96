internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// Calls that came, for one that takes them, and what went wrong meanwhile: a bounded number, and the last error.
final class StreamInbox: Sendable {
    typealias Item = Result<RelayedCall, any Error>

    private struct State {
        var calls: [RelayedCall] = []
        /// Those that are under way.
        var expected = 0
        var error: (any Error)?
        var taker: UnsafeContinuation<Item?, Never>?
        var isClosed = false
    }

    private let limit: Int
    private let state = Locked(State())

    init(limit: Int) { self.limit = limit }

    /// Keeps a place for a call; to be followed by ``put(_:)`` or ``expectNone()``.
    /// - Returns: false where there is none.
    func expectOne() -> Bool {
        state.withLock { state in
            guard !state.isClosed, state.calls.count + state.expected < limit else { return false }
            state.expected += 1
            return true
        }
    }

    func expectNone() { state.withLock { $0.expected -= 1 } }

    func put(_ call: RelayedCall) {
        let (isClosed, taker) = state.withLock { state -> (Bool, UnsafeContinuation<Item?, Never>?) in
            state.expected -= 1
            if state.isClosed { return (true, nil) }
            if let taker = state.taker.take() { return (false, taker) }
            state.calls.append(call)
            return (false, nil)
        }
        if isClosed { call.stream.close(abort: true) }
        taker?.resume(returning: .success(call))
    }

    /// What went wrong. Behind the loss of the name nothing follows.
    /// - Returns: false where nothing follows.
    func tell(_ error: any Error) -> Bool {
        let isLast = (error as? PatchbayError)?.code == .nameTaken
        let taker = state.withLock { state -> UnsafeContinuation<Item?, Never>? in
            if state.isClosed { return nil }
            if isLast { state.isClosed = true }
            if let taker = state.taker.take() { return taker }
            state.error = error
            return nil
        }
        taker?.resume(returning: .failure(error))
        return !isLast
    }

    /// Nil once it is closed, and what came before was taken. Cancellation closes it.
    func take() async -> Item? {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let now = state.withLock { state -> Item?? in
                    if !state.calls.isEmpty { return .success(state.calls.removeFirst()) }
                    if let error = state.error.take() { return .failure(error) }
                    if state.isClosed { return .some(nil) }
                    // One takes at a time.
                    if state.taker != nil { return .some(nil) }
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
            defer { state.calls = [] }
            return (state.calls, state.taker.take())
        }
        for call in left { call.stream.close(abort: true) }
        taker?.resume(returning: nil)
    }
}

/// A call's stream, whose bytes are a peer's from here on.
struct RelayedCall: Sendable {
    var stream: any ByteStream
    var realm: String
    var circuit: [UInt8]
}
