internal import Synchronization

/// What work off the reactor found, for its handshake, which gets no more than a verdict.
final class Finding<Value: Sendable>: Sendable {
    private let value = Mutex<Value?>(nil)

    func set(_ value: Value) { self.value.withLock { $0 = value } }
    func get() -> Value? { value.withLock { $0 } }
}
