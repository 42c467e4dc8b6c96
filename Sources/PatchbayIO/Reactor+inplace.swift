internal import CPatchbayIO
internal import Synchronization

/// Waiting on behalf of the task that the loop is running, without suspending it: what a blocking call would be, but everything else that
/// the thread watches goes on. Where anything else may run, it is the task's turn to suspend.
///
/// Saves the task's way out of and back into the runtime, which is most of what a round trip costs outside of the system. Whoever waits so
/// must not be isolated to an actor, which others may wait for without the reactor's knowledge. What is handled meanwhile finds that task as
/// the current one, and must not care.
extension Reactor {
    /// This is the thread, and nothing but `task`, as far as the thread knows, wants it. 0 is no task.
    package func isFree(but task: UInt) -> Bool {
        // Not a task that another one runs on top of its own stack, such as an immediate one.
        task != 0 && isCurrent && local.pointee.runningTask == task && local.pointee.remaining == 0 && isIdle
    }

    /// Sleeps until something happens.
    /// - Parameter task: the caller's.
    /// - Returns: true: look again; false: suspend.
    package func waitInPlace(_ task: UInt) -> Bool {
        guard isFree(but: task) else { return false }
        flushDirty()
        guard isIdle, let timeout = prepareToSleep() else { return false }
        // Cancellation sets its flag first, and then signals whoever sleeps.
        guard timeout != 0, !Task.isCancelled else {
            shared.withLock { $0.asleep = false }
            return false
        }
        reportStall()
        look(timeout, spinning: false)
        beginTick()
        return true
    }

    /// Before ``waitInPlace(_:)``, where the reactor spins: tries until something else wants the thread, or its time is over.
    /// - Returns: what the last attempt did.
    package func spinInPlace(_ task: UInt, _ attempt: () -> Bool) -> Bool {
        guard spin > 0, isFree(but: task) else { return false }
        flushDirty()
        reportStall()
        defer { beginTick() }
        let end = cpb_now() &+ spin
        while isIdle, !Task.isCancelled, isUndisturbed {
            local.pointee.attempts &+= 1
            // Counted over all waits, so that answers which always come at once hold up nobody for long.
            if local.pointee.attempts % Self.attemptsPerLook == 0 {
                look(0)
                flushDirty()
            }
            if attempt() { return true }
            if cpb_now() >= end { return false }
        }
        return false
    }

    /// How often one connection is tried before others are looked at.
    private static let attemptsPerLook: UInt = 16

    /// No other thread has asked for anything.
    private var isUndisturbed: Bool {
        shared.withLock { $0.jobs.isEmpty && $0.dirty.isEmpty && $0.notices.isEmpty && !$0.stopping && !$0.woken }
    }
}
