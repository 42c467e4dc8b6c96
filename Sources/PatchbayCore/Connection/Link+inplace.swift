internal import PatchbayIO
internal import Synchronization

/// Receiving without suspending, where nothing else wants the reactor's thread.
extension Link {
    /// Waits. Without a deadline: those are kept where calls suspend.
    /// - Returns: true: look again; false: suspend.
    @inline(never)
    func waitInPlace() -> Bool {
        // As where calls suspend: whoever ends the connection takes this lock, and then wakes the reactor.
        let mayWait = readSide.withLock { side in !side.isOver && stream.whenReadable(self) }
        guard mayWait else { return true }
        let task = owner.currentTask
        if reactor.spins, spinInPlace(task) { return true }
        if !owner.currentIsCancelled, reactor.waitInPlace(task) { return true }
        writeSide.withLock { releaseOutput(&$0) }
        return false
    }

    private func spinInPlace(_ task: UInt) -> Bool {
        reactor.spinInPlace(task) {
            stream.lookAgain()
            return readSide.withLock { side in side.isOver || fill(&side) }
        }
    }

    /// The isolation of a caller, as a question.
    // Not inlined: the compiler (6.3) trips over `#isolation` in an optional's comparison.
    @inline(never)
    static func isIsolated(_ actor: (any Actor)?) -> Bool { actor != nil }

    /// Wakes suspended readers, and the one that waits in place, where the reactor's own thread does not: it wakes that one itself.
    func wakeReaders(_ waiters: WaiterList) {
        waiters.wake(.ready)
        if !reactor.isCurrent { reactor.wake() }
    }
}
