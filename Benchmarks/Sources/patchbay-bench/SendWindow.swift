internal import Synchronization

/// Bounds how many messages are under way: one task takes, another gives back.
final class SendWindow: Sendable {
    private struct State {
        var free: Int
        var waiter: CheckedContinuation<Void, Never>?
    }

    private let state: Mutex<State>

    init(limit: Int) { state = Mutex(State(free: limit)) }

    /// Takes a place; false where there is none.
    func take() -> Bool {
        state.withLock {
            guard $0.free > 0 else { return false }
            $0.free -= 1
            return true
        }
    }

    /// Takes a place once there is one.
    func waitAndTake() async {
        while !take() {
            await withCheckedContinuation { continuation in
                let isFree = state.withLock {
                    guard $0.free == 0 else { return true }
                    $0.waiter = continuation
                    return false
                }
                if isFree { continuation.resume() }
            }
        }
    }

    func give() {
        let waiter = state.withLock { state in
            state.free += 1
            defer { state.waiter = nil }
            return state.waiter
        }
        waiter?.resume()
    }
}
