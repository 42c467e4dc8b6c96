internal import Synchronization

extension Reactor {
    /// When a time from now will be over, in nanoseconds of the monotonic clock; `.max` where that never is.
    package func deadline(after duration: Duration) -> UInt64 {
        let (end, overflow) = now.addingReportingOverflow(duration.nanoseconds)
        return overflow ? .max : end
    }

    /// Waits for a time, on the reactor's own wheel (a resolution of about 4 ms); ends early with the task's cancellation.
    package nonisolated(nonsending) func sleep(for duration: Duration) async throws {
        let sleeper = Sleeper()
        let end = deadline(after: duration)
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                if sleeper.start(continuation, until: end) { schedule(sleeper, at: end) }
            }
        } onCancel: {
            sleeper.wake()
        }
        try Task.checkCancellation()
    }
}

private final class Sleeper: DeadlineTarget {
    private struct State {
        var continuation: UnsafeContinuation<Void, Never>?
        var deadline = UInt64.max
        var woken = false
    }

    private let state = Locked(State())

    /// - Returns: false where it was woken already.
    func start(_ continuation: UnsafeContinuation<Void, Never>, until deadline: UInt64) -> Bool {
        let started = state.withLock { state in
            if state.woken { return false }
            state.continuation = continuation
            state.deadline = deadline
            return true
        }
        if !started { continuation.resume() }
        return started
    }

    func wake() {
        let continuation = state.withLock { state in
            state.woken = true
            return state.continuation.take()
        }
        continuation?.resume()
    }

    func deadlineReached(now: UInt64) -> UInt64? {
        let deadline = state.withLock { $0.deadline }
        guard deadline <= now else { return deadline }
        wake()
        return nil
    }
}
