internal import PatchbayIO
internal import Synchronization

/// Lets a few verifications run at a time, the others in the order they came, and refuses once too many wait.
///
/// They are slow on purpose, and scrypt holds tens of MiB: without it a crowd of dialers could take every core, or all memory.
package final class VerificationGate: Sendable {
    private enum Waiter {
        case arriving
        /// Cancelled before it could wait.
        case cancelled
        case waiting(CheckedContinuation<Void, any Error>)
    }

    private struct State {
        var running = 0
        var nextTicket: UInt64 = 0
        var waiters: [UInt64: Waiter] = [:]
        /// Tickets in the order they came.
        var queue: ArraySlice<UInt64> = []
    }

    private enum Arrival {
        case entered, full
        case queued(UInt64)
    }

    private let limit: Int
    private let waitingLimit: Int
    private let layer: String?
    private let state = Locked(State())

    /// - Parameter layer: for errors.
    package init(limit: Int, waitingLimit: Int = 256, layer: String? = nil) {
        self.limit = limit
        self.waitingLimit = waitingLimit
        self.layer = layer
    }

    /// How many wait, for tests.
    package var waiting: Int { state.withLock { $0.waiters.count } }

    /// Runs `body` once it is its turn.
    /// - Throws: `CancellationError` where the task is cancelled while it waits; ``PatchbayError`` with `limitExceeded` at once
    ///   where too many wait already; what `body` throws.
    package func withPass<Result: Sendable>(_ body: @Sendable () async throws -> Result) async throws -> Result {
        try await enter()
        defer { leave() }
        return try await body()
    }

    private func enter() async throws {
        switch arrive() {
        case .entered: return
        case .full:
            throw PatchbayError(
                .limitExceeded,
                "\(waitingLimit) verifications wait already; try again later",
                stage: .authenticate,
                layer: layer
            )
        case .queued(let ticket):
            try await withTaskCancellationHandler {
                try await withCheckedThrowingContinuation { wait(ticket, $0) }
            } onCancel: {
                cancel(ticket)
            }
        }
    }

    private func arrive() -> Arrival {
        state.withLock { state in
            if state.running < limit {
                state.running += 1
                return .entered
            }
            guard state.waiters.count < waitingLimit else { return .full }
            let ticket = state.nextTicket
            state.nextTicket += 1
            state.waiters[ticket] = .arriving
            state.queue.append(ticket)
            return .queued(ticket)
        }
    }

    private func wait(_ ticket: UInt64, _ continuation: CheckedContinuation<Void, any Error>) {
        let outcome: Result<Void, any Error>? = state.withLock { state in
            switch state.waiters[ticket] {
            case .arriving:
                state.waiters[ticket] = .waiting(continuation)
                return nil
            case .cancelled:
                state.waiters[ticket] = nil
                return .failure(CancellationError())
            // The pass came before the wait began.
            case .waiting, nil: return .success(())
            }
        }
        if let outcome { continuation.resume(with: outcome) }
    }

    private func cancel(_ ticket: UInt64) {
        let continuation: CheckedContinuation<Void, any Error>? = state.withLock { state in
            // Looks at no more than the bound of waiters.
            state.queue.removeAll { $0 == ticket }
            switch state.waiters[ticket] {
            case .arriving:
                state.waiters[ticket] = .cancelled
                return nil
            case .waiting(let continuation):
                state.waiters[ticket] = nil
                return continuation
            case .cancelled, nil: return nil
            }
        }
        continuation?.resume(throwing: CancellationError())
    }

    /// Hands the pass to the first that still waits.
    private func leave() {
        let continuation: CheckedContinuation<Void, any Error>? = state.withLock { state in
            while let ticket = state.queue.popFirst() {
                switch state.waiters[ticket] {
                case .waiting(let continuation):
                    state.waiters[ticket] = nil
                    return continuation
                case .arriving:
                    state.waiters[ticket] = nil
                    return nil
                case .cancelled, nil: continue
                }
            }
            state.running -= 1
            return nil
        }
        continuation?.resume()
    }
}
