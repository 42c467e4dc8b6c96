internal import NIOCore
internal import PatchbayIO
internal import Synchronization

extension Link: StreamWaiter, DeadlineTarget {
    /// Nanoseconds of the monotonic clock; `.max` without a limit.
    func deadlineAfter(_ timeout: Duration?) -> UInt64 {
        deadline(afterNanoseconds: timeout?.nanoseconds ?? .max)
    }

    /// - Parameter nanoseconds: `.max` without a limit.
    func deadline(afterNanoseconds nanoseconds: UInt64) -> UInt64 {
        guard nanoseconds != .max else { return .max }
        let (deadline, overflow) = reactor.now.addingReportingOverflow(max(nanoseconds, 1))
        return overflow ? .max : deadline
    }

    // MARK: - Receiving

    /// Suspends until there may be something to read. What was sent so far leaves first.
    nonisolated(nonsending) func waitToReceive(_ id: UInt32, deadline: UInt64) async throws {
        flushBeforeWaiting(releasing: true)
        try await suspendToReceive(id, deadline: deadline)
    }

    /// The same, where everything has left already.
    // Inlined: a frame of its own would cost each idle connection 176 bytes.
    @inline(__always)
    nonisolated(nonsending) func suspendToReceive(_ id: UInt32, deadline: UInt64) async throws {
        let wake =
            owner.isCurrent
            ? await withUnsafeContinuation { registerReader(id, deadline, $0) }
            : await waitCancellably(id, deadline: deadline)
        try check(wake, .receive)
    }

    // Not inlined: an owner's task, which never comes here, would pay for it with memory.
    @inline(never)
    nonisolated(nonsending) func waitCancellably(_ id: UInt32, deadline: UInt64) async -> Wake {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { registerReader(id, deadline, $0) }
        } onCancel: {
            readSide.withLock { $0.waiters.remove(id) }?.continuation.resume(returning: .cancelled)
        }
    }

    @inline(never)
    func registerReader(_ id: UInt32, _ deadline: UInt64, _ continuation: UnsafeContinuation<Wake, Never>) {
        var arm = false
        let now = readSide.withLock { side -> Wake? in
            // Whoever cancels sets a flag, and then takes this lock: one sees the other.
            if owner.currentIsCancelled { return .cancelled }
            if side.isOver || !stream.whenReadable(self) { return .ready }
            side.releaseBuffers(reactor)
            side.waiters.append(Waiter(deadline: deadline, continuation: continuation, id: id))
            arm = arms(deadline)
            return nil
        }
        if let now { continuation.resume(returning: now) }
        if arm { reactor.schedule(self, at: deadline) }
    }

    /// Gives empty buffers back, so that an idle connection holds none.
    func releaseBuffers() {
        writeSide.withLock { releaseOutput(&$0) }
        readSide.withLock { $0.releaseBuffers(reactor) }
    }

    func streamBecameReadable() {
        if let lone = readSide.withLock({ $0.waiters.takeLone() }) { return lone.continuation.resume(returning: .ready) }
        wakeReaders(readSide.withLock { $0.waiters.takeAll() })
    }

    // MARK: - Sending

    /// What a suspended sender waits for.
    enum SendWish {
        case room, drained
        /// Nothing is pending, and the stream takes something.
        case idle
    }

    /// Suspends until there may be room, or until nothing may be pending.
    nonisolated(nonsending) func waitToSend(_ id: UInt32, for wish: SendWish = .room, deadline: UInt64) async throws {
        let wake: Wake
        if owner.isCurrent {
            wake = await withUnsafeContinuation { registerWriter(id, wish, deadline, $0) }
        } else {
            wake = await withTaskCancellationHandler {
                await withUnsafeContinuation { registerWriter(id, wish, deadline, $0) }
            } onCancel: {
                writeSide.withLock { $0.removeWaiter(id) }?.continuation.resume(returning: .cancelled)
            }
        }
        try check(wake, .send)
    }

    private func registerWriter(_ id: UInt32, _ wish: SendWish, _ deadline: UInt64, _ continuation: UnsafeContinuation<Wake, Never>) {
        var arm = false
        let now = writeSide.withLock { side -> Wake? in
            if owner.currentIsCancelled { return .cancelled }
            if side.failure != nil || side.shutDown { return .ready }
            switch wish {
            case .room: if isBelowHighWater(side) { return .ready }
            case .drained: if side.isEmpty { return .ready }
            case .idle: if side.isEmpty, !side.blocked { return .ready }
            }
            side.waiters.append(Waiter(deadline: deadline, continuation: continuation, id: id))
            arm = arms(deadline)
            return nil
        }
        if let now { continuation.resume(returning: now) }
        if arm { reactor.schedule(self, at: deadline) }
    }

    // MARK: - Both

    @inline(never)
    func check(_ wake: Wake, _ stage: PatchbayError.Stage) throws {
        switch wake {
        case .ready: return
        case .cancelled: throw CancellationError()
        case .timedOut:
            throw PatchbayError(
                .timedOut,
                stage == .send ? "the peer took nothing in time; the message was not sent" : "nothing came in time",
                stage: stage
            )
        }
    }

    /// The owner's task was cancelled: each of its calls looks again and finds that out.
    func ownerWasCancelled() {
        owner.cancel()
        wakeReaders(readSide.withLock { $0.waiters.takeAll() })
        writeSide.withLock { $0.takeWaiters() }.wake(.ready)
    }

    /// Under the lock of the side that waits.
    /// - Returns: whether the reactor must be told of this deadline: it would look too late.
    private func arms(_ deadline: UInt64) -> Bool {
        guard deadline < armedUntil.load(ordering: .relaxed) else { return false }
        armedUntil.store(deadline, ordering: .relaxed)
        return true
    }

    func deadlineReached(now: UInt64) -> UInt64? {
        // First: a call that comes behind one of these locks sees it, and arms; one that came before is counted.
        let armed = armedUntil.exchange(.max, ordering: .relaxed)
        let (readers, nextRead) = readSide.withLock { side in (side.waiters.takeDue(now), side.waiters.nextDeadline) }
        let (writers, nextWrite) = writeSide.withLock { side in (side.takeDue(now), side.nextDeadline) }
        readers.wake(.timedOut)
        writers.wake(.timedOut)
        let next = min(nextRead, nextWrite)
        guard next != .max else { return nil }
        // Whoever armed meanwhile will be looked at for it, too. An entry that is still to come, and in time, needs no second one.
        if armed > now, armed <= next {
            armedUntil.store(armed, ordering: .relaxed)
            return nil
        }
        armedUntil.store(next, ordering: .relaxed)
        return next
    }
}
