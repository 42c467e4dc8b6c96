internal import PatchbayIO
internal import Synchronization

extension RelayFloor {
    /// A dialer that waits for its listener, on a stream of its own.
    final class Waiting: Sendable {
        private enum State {
            case idle
            case waiting(UnsafeContinuation<Answer, Never>)
            case answered(Answer)
        }

        enum Answer: Sendable {
            /// The listener's stream, which is the dialer's task's from here on.
            case taken(any ByteStream)
            case refused(RelayDesk.Refusal)
        }

        private let state = Locked(State.idle)

        func answer() async -> Answer {
            await withUnsafeContinuation { continuation in
                let now = state.withLock { state -> Answer? in
                    if case .answered(let answer) = state { return answer }
                    state = .waiting(continuation)
                    return nil
                }
                if let now { continuation.resume(returning: now) }
            }
        }

        /// - Returns: false where it was answered already.
        func resolve(_ answer: Answer) -> Bool {
            let (isFirst, continuation) = state.withLock { state -> (Bool, UnsafeContinuation<Answer, Never>?) in
                switch state {
                case .idle:
                    state = .answered(answer)
                    return (true, nil)
                case .waiting(let continuation):
                    state = .answered(answer)
                    return (true, continuation)
                case .answered: return (false, nil)
                }
            }
            continuation?.resume(returning: answer)
            return isFirst
        }
    }
}
