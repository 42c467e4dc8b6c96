internal import CPatchbayIO
internal import Synchronization

extension Reactor {
    /// How many events one look at epoll takes.
    static let batch = 256
    /// How often tasks that became ready are run before epoll is looked at again.
    private static let roundsPerTick = 8

    func run() {
        threadID.store(cpb_thread_id(), ordering: .relaxed)
        while true {
            runTasks()
            guard let timeout = prepareToSleep() else { break }
            look(timeout)
        }
        threadID.store(0, ordering: .relaxed)
        for registration in shared.withLock({ $0.graveyard }) { registration.release() }
    }

    /// This is the thread, and nothing but `task`, as far as the thread knows, wants it. 0 is no task.
    package func isFree(but task: UInt) -> Bool {
        // Not a task that another one runs on top of its own stack, such as an immediate one.
        task != 0 && isCurrent && local.pointee.runningTask == task && local.pointee.remaining == 0 && isIdle
    }

    /// Waits on behalf of the task that the loop is running, without suspending it: what a blocking call would be, but everything else
    /// that this thread watches goes on. Where anything else may run, it is the task's turn to suspend.
    ///
    /// Saves the task's way out of and back into the runtime, which is most of what a round trip costs outside of the system.
    /// - Parameter task: the caller's, which must not be isolated to an actor: nothing else may be waiting for what it holds.
    /// - Returns: true: something happened, look again; false: suspend.
    package func waitInPlace(_ task: UInt) -> Bool {
        guard isFree(but: task) else { return false }
        flushDirty()
        guard isIdle, let timeout = prepareToSleep() else { return false }
        // Cancellation sets its flag first, and then signals whoever sleeps.
        guard timeout != 0, !Task.isCancelled else {
            shared.withLock { $0.asleep = false }
            return false
        }
        look(timeout, spinning: false)
        if local.pointee.stallReport != nil { local.pointee.tickBegan = cpb_now_coarse() }
        return true
    }

    /// Before ``waitInPlace(_:)``, where the reactor spins: tries until something else wants the thread, or its time is over.
    /// - Returns: what the last attempt did.
    package func spinInPlace(_ task: UInt, _ attempt: () -> Bool) -> Bool {
        guard spin > 0, isFree(but: task) else { return false }
        flushDirty()
        let end = cpb_now() &+ spin
        var attempts = 0
        while isIdle, !Task.isCancelled, isUndisturbed {
            if attempt() { return true }
            attempts += 1
            if attempts % Self.attemptsPerLook == 0 { look(0) }
            if cpb_now() >= end { return false }
        }
        return false
    }

    /// How often one connection is tried before others are looked at.
    private static let attemptsPerLook = 8

    /// No other thread has asked for anything.
    private var isUndisturbed: Bool {
        shared.withLock { $0.jobs.isEmpty && $0.dirty.isEmpty && $0.notices.isEmpty && !$0.stopping }
    }

    /// Nothing waits for the thread but the task that it runs, if any; what other threads asked for apart.
    private var isIdle: Bool {
        local.pointee.jobs.isEmpty && local.pointee.notices.isEmpty && local.pointee.yielded.isEmpty
    }

    /// Waits for events and passes them on. Whom they wake runs afterwards.
    /// - Parameter spinning: for as long as the reactor does, before it sleeps.
    private func look(_ timeout: CInt, spinning: Bool = true) {
        let pointers = local.pointee.eventPointers
        let events = local.pointee.eventBits
        var count: CInt = 0
        if spinning, spin > 0, timeout != 0 {
            let end = cpb_now() &+ spin
            repeat { count = cpb_epoll_wait(epoll, pointers, events, CInt(Self.batch), 0) } while count == 0 && cpb_now() < end
        }
        if count == 0 { count = cpb_epoll_wait(epoll, pointers, events, CInt(Self.batch), timeout) }
        let deadline = shared.withLock { shared in
            shared.asleep = false
            if !shared.graveyard.isEmpty { swap(&local.pointee.dead, &shared.graveyard) }
            return shared.wheel.next
        }
        var timerFired = false
        for index in 0..<max(0, Int(count)) {
            if dispatch(pointers[index], events[index]) { timerFired = true }
        }
        if !local.pointee.dead.isEmpty {
            for registration in local.pointee.dead { registration.release() }
            local.pointee.dead.removeAll(keepingCapacity: true)
        }
        if !local.pointee.yielded.isEmpty {
            var yielded: [UnsafeContinuation<Void, Never>] = []
            swap(&yielded, &local.pointee.yielded)
            for continuation in yielded { continuation.resume() }
        }
        if let deadline {
            // The coarse clock suffices to see that time passed while the thread was busy.
            let now = timerFired ? cpb_now() : cpb_now_coarse()
            if deadline <= now { runDeadlines(now) }
        }
    }

    /// - Returns: true where it was the timer.
    private func dispatch(_ pointer: UnsafeMutableRawPointer?, _ events: UInt32) -> Bool {
        switch Int(bitPattern: pointer) {
        case Self.eventMark: cpb_event_drain(event)
        case Self.timerMark:
            local.pointee.armedTimer = .max
            return true
        default:
            guard let pointer else { return false }
            Registration(word: pointer).handle(events)
        }
        return false
    }

    private func runTasks() {
        let executor = asUnownedTaskExecutor()
        if local.pointee.stallReport != nil { local.pointee.tickBegan = cpb_now_coarse() }
        var round = 0
        repeat {
            if !local.pointee.jobs.isEmpty {
                swap(&local.pointee.jobs, &local.pointee.running)
                local.pointee.remaining = local.pointee.running.count
                for job in local.pointee.running {
                    local.pointee.remaining -= 1
                    // A task is a job, and both handles are its address. Only compared.
                    local.pointee.runningTask = unsafeBitCast(job, to: UInt.self)
                    job.runSynchronously(on: executor)
                }
                local.pointee.runningTask = 0
                local.pointee.running.removeAll(keepingCapacity: true)
            }
            collectShared()
            if !local.pointee.notices.isEmpty {
                var notices: [@Sendable () -> Void] = []
                swap(&notices, &local.pointee.notices)
                for notice in notices { notice() }
            }
            round += 1
            if local.pointee.jobs.isEmpty || round >= Self.roundsPerTick { flushDirty() }
        } while round < Self.roundsPerTick && !(local.pointee.jobs.isEmpty && local.pointee.notices.isEmpty)
        if let report = local.pointee.stallReport {
            let held = cpb_now_coarse() &- local.pointee.tickBegan
            if held > local.pointee.stallLimit { report(.nanoseconds(Int64(clamping: held))) }
        }
    }

    private func collectShared() {
        shared.withLock { shared in
            if !shared.jobs.isEmpty {
                local.pointee.jobs.append(contentsOf: shared.jobs)
                shared.jobs.removeAll(keepingCapacity: true)
            }
            if !shared.dirty.isEmpty {
                local.pointee.dirty.append(contentsOf: shared.dirty)
                shared.dirty.removeAll(keepingCapacity: true)
            }
            if !shared.notices.isEmpty {
                local.pointee.notices.append(contentsOf: shared.notices)
                shared.notices.removeAll(keepingCapacity: true)
            }
        }
    }

    private func flushDirty() {
        guard !local.pointee.dirty.isEmpty else { return }
        swap(&local.pointee.dirty, &local.pointee.flushing)
        for output in local.pointee.flushing { output.flushAtEndOfTick() }
        local.pointee.flushing.removeAll(keepingCapacity: true)
    }

    /// - Returns: epoll's timeout; nil when the reactor was stopped.
    private func prepareToSleep() -> CInt? {
        let busy = !(isIdle && local.pointee.dirty.isEmpty)
        return shared.withLock { shared -> CInt? in
            shared.sleepsUntil = .max
            if busy || !(shared.jobs.isEmpty && shared.dirty.isEmpty && shared.notices.isEmpty) { return 0 }
            if shared.stopping { return nil }
            shared.asleep = true
            shared.signalled = false
            if let at = shared.wheel.next {
                shared.sleepsUntil = at
                // An armed descriptor costs nothing per wait; a timeout makes the kernel set up and cancel a timer each time.
                if at != local.pointee.armedTimer {
                    local.pointee.armedTimer = at
                    cpb_timer_set(timer, max(at, 1))
                }
            }
            return -1
        }
    }

    private func runDeadlines(_ now: UInt64) {
        var due: [any DeadlineTarget] = []
        shared.withLock { $0.wheel.advance(to: now, into: &due) }
        for target in due {
            if let again = target.deadlineReached(now: now) { shared.withLock { $0.wheel.insert(target, at: again) } }
        }
    }
}
