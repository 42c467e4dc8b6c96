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

    /// Nothing waits for the thread but the task that it runs, if any; what other threads asked for apart.
    var isIdle: Bool {
        local.pointee.jobs.isEmpty && local.pointee.notices.isEmpty && local.pointee.yielded.isEmpty
    }

    /// Waits for events and passes them on. Whom they wake runs afterwards.
    /// - Parameter spinning: for as long as the reactor does, before it sleeps.
    func look(_ timeout: CInt, spinning: Bool = true) {
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
        beginTick()
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
        reportStall()
    }

    func beginTick() {
        if local.pointee.stallReport != nil { local.pointee.tickBegan = cpb_now_coarse() }
    }

    /// Reports it where the tasks have held the thread for too long since `tickBegan`.
    func reportStall() {
        guard let report = local.pointee.stallReport else { return }
        let held = cpb_now_coarse() &- local.pointee.tickBegan
        if held > local.pointee.stallLimit { report(.nanoseconds(Int64(clamping: held))) }
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

    func flushDirty() {
        guard !local.pointee.dirty.isEmpty else { return }
        swap(&local.pointee.dirty, &local.pointee.flushing)
        for output in local.pointee.flushing { output.flushAtEndOfTick() }
        local.pointee.flushing.removeAll(keepingCapacity: true)
    }

    /// - Returns: epoll's timeout; nil when the reactor was stopped.
    func prepareToSleep() -> CInt? {
        let busy = !(isIdle && local.pointee.dirty.isEmpty)
        return shared.withLock { shared -> CInt? in
            shared.sleepsUntil = .max
            if shared.woken {
                shared.woken = false
                return 0
            }
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
