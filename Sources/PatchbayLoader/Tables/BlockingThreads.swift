internal import CPatchbayIO
internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// Threads for the calls of plugins that may wait: a bounded number, which end when there is nothing to do.
final class BlockingThreads: Sendable {
    private struct State {
        var waiting: [@Sendable () -> Void] = []
        var threads = 0
    }

    static let shared = BlockingThreads(most: 64)

    private static let largestQueue = 4096

    private let most: Int
    private let state = Locked(State())

    init(most: Int) { self.most = most }

    /// Runs the work on one of the threads, in the order of these calls as they become free.
    /// - Throws: ``PatchbayError`` with `limitExceeded` where too much waits already, or the system gives no thread.
    func submit(_ work: @escaping @Sendable () -> Void) throws(PatchbayError) {
        let (accepted, startsThread) = state.withLock { state in
            guard state.waiting.count < Self.largestQueue else { return (false, false) }
            state.waiting.append(work)
            guard state.threads < most else { return (true, false) }
            state.threads += 1
            return (true, true)
        }
        guard accepted else { throw Self.tooMany() }
        guard startsThread, !startThread() else { return }
        // The others, if there are any, take it over.
        let isLost = state.withLock { state in
            state.threads -= 1
            guard state.threads == 0 else { return false }
            state.waiting = []
            return true
        }
        if isLost { throw Self.tooMany() }
    }

    /// Runs the work on one of the threads, and waits for its result. Not ended by cancellation: a call of C cannot be.
    func run<Result: Sendable>(_ work: @escaping @Sendable () throws(PatchbayError) -> Result) async throws(PatchbayError) -> Result {
        let result: Swift.Result<Result, PatchbayError> = await withUnsafeContinuation { continuation in
            do throws(PatchbayError) {
                try submit {
                    do throws(PatchbayError) {
                        continuation.resume(returning: .success(try work()))
                    } catch {
                        continuation.resume(returning: .failure(error))
                    }
                }
            } catch {
                continuation.resume(returning: .failure(error))
            }
        }
        return try result.get()
    }

    private static func tooMany() -> PatchbayError {
        PatchbayError(.limitExceeded, "too many calls of plugins that may wait are waiting; slow down, or raise timeout", stage: .plugin)
    }

    private func startThread() -> Bool {
        let me = Unmanaged.passRetained(self)
        let status = cpb_thread_start(
            { context in
                // Never nil: it is what is passed below.
                Unmanaged<BlockingThreads>.fromOpaque(context!).takeRetainedValue().work()
                return nil
            },
            me.toOpaque(),
            "patchbay-plugin"
        )
        if status < 0 { me.release() }
        return status >= 0
    }

    private func work() {
        while let work = next() { work() }
    }

    private func next() -> (@Sendable () -> Void)? {
        state.withLock { state in
            if state.waiting.isEmpty {
                state.threads -= 1
                return nil
            }
            return state.waiting.removeFirst()
        }
    }
}
