internal import Dispatch
internal import Synchronization

/// Blocks the calling thread until `body` has run on the executor.
func wait(on executor: any TaskExecutor, for body: @escaping @Sendable () async throws -> Void) throws {
    let failure = Mutex<(any Error)?>(nil)
    let done = DispatchSemaphore(value: 0)
    Task(executorPreference: executor) {
        do { try await body() } catch { failure.withLock { $0 = error } }
        done.signal()
    }
    done.wait()
    if let error = failure.withLock({ $0 }) { throw error }
}
