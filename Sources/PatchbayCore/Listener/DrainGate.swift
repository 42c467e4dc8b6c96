internal import PatchbayIO
internal import Synchronization

/// Counts what is under way, and lets one task wait until nothing is.
final class DrainGate: DeadlineTarget {
    private struct State {
        var count = 0
        var deadline = UInt64.max
        var waiting: UnsafeContinuation<Bool, Never>?
    }

    private let state = Locked(State())

    func enter() { state.withLock { $0.count += 1 } }

    func leave() {
        let waiting = state.withLock { state -> UnsafeContinuation<Bool, Never>? in
            state.count -= 1
            return state.count == 0 ? state.waiting.take() : nil
        }
        waiting?.resume(returning: true)
    }

    /// - Returns: false where something was still under way after `limit`, or the task was cancelled.
    func wait(for limit: Duration, on reactor: Reactor) async -> Bool {
        let deadline = reactor.deadline(after: limit)
        return await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let now = state.withLock { state -> Bool? in
                    if state.count == 0 { return true }
                    if Task.isCancelled { return false }
                    state.deadline = deadline
                    state.waiting = continuation
                    return nil
                }
                if let now { continuation.resume(returning: now) } else { reactor.schedule(self, at: deadline) }
            }
        } onCancel: {
            giveUp()
        }
    }

    private func giveUp() {
        state.withLock { $0.waiting.take() }?.resume(returning: false)
    }

    func deadlineReached(now: UInt64) -> UInt64? {
        let deadline = state.withLock { $0.deadline }
        guard deadline <= now else { return deadline }
        giveUp()
        return nil
    }
}
