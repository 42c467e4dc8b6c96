internal import CPatchbay
internal import PatchbayIO
internal import Synchronization

/// Which calls may run at the same time, as the plugin declares.
enum ThreadModel: UInt32, Sendable {
    /// One at a time for each instance.
    case instance = 0
    /// One at a time for the whole plugin.
    case plugin = 1
    case parallel = 2
}

/// What a call waits for before it enters the plugin.
struct CallGate: Sendable {
    private final class Lock: Sendable {
        let mutex = Locked(())
    }

    private let lock: Lock?

    /// Nothing is waited for.
    static let open = Self(lock: nil)

    /// One call at a time.
    static func makeSerial() -> Self { Self(lock: Lock()) }

    private init(lock: Lock?) { self.lock = lock }

    @inline(__always)
    func run(_ body: () -> Int32) -> Int32 {
        guard let lock else { return body() }
        return lock.mutex.withLock { _ in body() }
    }
}
