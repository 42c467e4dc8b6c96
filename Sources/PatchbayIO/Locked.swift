#if PATCHBAY_THREAD_SANITIZER
    internal import Glibc

    /// The lock of this package under the thread sanitizer, which does not see `Synchronization.Mutex` and reports races that
    /// are none: a pthread lock of the same shape.
    package struct Locked<Value: ~Copyable>: ~Copyable, @unchecked Sendable {
        // Sendable: the value is reached under the lock alone.
        private let lock: UnsafeMutablePointer<pthread_mutex_t>
        private let value: UnsafeMutablePointer<Value>

        package init(_ initial: consuming sending Value) {
            lock = .allocate(capacity: 1)
            lock.initialize(to: pthread_mutex_t())
            pthread_mutex_init(lock, nil)
            value = .allocate(capacity: 1)
            value.initialize(to: initial)
        }

        deinit {
            value.deinitialize(count: 1)
            value.deallocate()
            pthread_mutex_destroy(lock)
            lock.deallocate()
        }

        package borrowing func withLock<Result: ~Copyable, Failure: Error>(
            _ body: (inout sending Value) throws(Failure) -> sending Result
        ) throws(Failure) -> sending Result {
            pthread_mutex_lock(lock)
            defer { pthread_mutex_unlock(lock) }
            return try body(&value.pointee)
        }
    }
#else
    package import Synchronization

    /// The lock of this package.
    package typealias Locked = Mutex
#endif
