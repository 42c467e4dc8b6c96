internal import Synchronization

/// The task that a connection was made for, which has one cancellation handler for all its calls; others install one each
/// time they suspend.
final class ConnectionOwner: Sendable {
    /// The owner's identity, 0 for none. Only compared: the task lives until it disowns.
    private let task = Atomic<UInt>(0)

    /// Makes the current task the owner.
    func adopt() { task.store(Self.current(), ordering: .relaxed) }

    /// Called by the owner before it goes on without the connection.
    func disown() { task.store(0, ordering: .relaxed) }

    /// The current task is the owner.
    var isCurrent: Bool { currentTask != 0 }

    /// The current task's identity, where it is the owner; else 0.
    var currentTask: UInt {
        let owner = task.load(ordering: .relaxed)
        return owner != 0 && owner == Self.current() ? owner : 0
    }

    /// The current task's identity; 0 outside of tasks.
    private static func current() -> UInt {
        withUnsafeCurrentTask { task in
            // A task's handle is one reference. Were it ever more, no task would be an owner: slower, and still right.
            guard let task, MemoryLayout<UnsafeCurrentTask>.size == MemoryLayout<UInt>.size else { return 0 }
            return unsafeBitCast(task, to: UInt.self)
        }
    }
}
