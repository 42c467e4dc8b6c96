internal import CPatchbayIO
internal import Glibc
internal import Synchronization

/// Tells once that a descriptor which is not a reactor's own became readable, or ended.
package final class DescriptorWatch: EventSource {
    private struct State: ~Copyable {
        var ready = false
        var token: Registration?
        var waiting: UnsafeContinuation<Void, Never>?
    }

    private let reactor: Reactor
    /// A duplicate: the original may be registered already, and its owner may close it at any time.
    private let duplicate: CInt
    private let state = Locked(State())

    /// - Throws: ``IOFailure`` for what is no open descriptor.
    package init(_ descriptor: CInt, reactor: Reactor) throws(IOFailure) {
        self.reactor = reactor
        duplicate = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
        guard duplicate >= 0 else { throw IOFailure(errno: errno, operation: "watch a descriptor") }
    }

    deinit { _ = cpb_close(duplicate) }

    /// Whether a read would not block; the end counts.
    package static func isReadable(_ descriptor: CInt) -> Bool { cpb_poll(descriptor, CInt(CPB_IN), 0) != 0 }

    /// Suspends until the descriptor is readable or the task is cancelled.
    package nonisolated(nonsending) func wait() async {
        switch reactor.register(duplicate, self, events: Events.readable | Events.peerClosed) {
        // epoll refuses plain files, which are always ready.
        case .failure: return
        case .success(let token): state.withLock { $0.token = token }
        }
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let ready = state.withLock { state in
                    if state.ready || Task.isCancelled { return true }
                    state.waiting = continuation
                    return false
                }
                if ready { continuation.resume() }
            }
        } onCancel: {
            handle(0)
        }
        if let token = state.withLock({ $0.token.take() }) { reactor.unregister(duplicate, token) }
    }

    package func handle(_ events: UInt32) {
        let waiting = state.withLock { state in
            state.ready = true
            return state.waiting.take()
        }
        waiting?.resume()
    }
}
