internal import Glibc
internal import PatchbayIO
internal import Synchronization

/// Waits on the calling thread for asynchronous work: only in functions whose layer's metadata says `blocking`, which the host runs
/// on threads of their own.
enum BlockingWait {
    static func run<Success: Sendable>(_ work: @escaping @Sendable () async throws -> Success) throws -> Success {
        let answer = Answer<Success>()
        // C calls into asynchronous code here; the wait below ends with it.
        Task {
            do { answer.give(.success(try await work())) } catch { answer.give(.failure(error)) }
        }
        return try answer.wait().get()
    }

    private final class Answer<Success: Sendable>: @unchecked Sendable {
        // Sendable: the semaphore is made for this, and the result lies under a lock.
        private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)
        private let result = Locked<Result<Success, any Error>?>(nil)

        init() { sem_init(semaphore, 0, 0) }

        deinit {
            sem_destroy(semaphore)
            semaphore.deallocate()
        }

        func give(_ result: Result<Success, any Error>) {
            self.result.withLock { $0 = result }
            sem_post(semaphore)
        }

        func wait() -> Result<Success, any Error> {
            while true {
                // A signal may end the wait early.
                while sem_wait(semaphore) != 0 {}
                if let result = result.withLock({ $0 }) { return result }
            }
        }
    }
}
