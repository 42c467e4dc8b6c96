internal import CPatchbayIO
package import NIOCore
internal import Synchronization

/// Output that is flushed before its reactor sleeps.
package protocol Flushable: AnyObject, Sendable {
    func flushAtEndOfTick()
}

/// A thread that waits for readiness and runs the tasks of its connections: an epoll loop that is a task executor.
///
/// A task on its reactor is woken by the readiness event itself, without a hop to another thread. A closure that blocks,
/// or computes for long, holds up all connections of the reactor.
public final class Reactor: TaskExecutor, Sendable {
    /// What other threads may reach, under the lock.
    private struct Shared: ~Copyable {
        var jobs: [UnownedJob] = []
        var dirty: [any Flushable] = []
        var notices: [@Sendable () -> Void] = []
        var graveyard: [Unmanaged<Registration>] = []
        var wheel = DeadlineWheel()
        var buffers: [ByteBuffer] = []
        var asleep = false
        var signalled = false
        var stopping = false
        var sleepsUntil = UInt64.max
    }

    /// What the reactor's thread alone touches.
    struct Local {
        var jobs: [UnownedJob] = []
        var running: [UnownedJob] = []
        var dirty: [any Flushable] = []
        var flushing: [any Flushable] = []
        var notices: [@Sendable () -> Void] = []
        var yielded: [UnsafeContinuation<Void, Never>] = []
        var buffers: [ByteBuffer] = []
        var outputs: [ByteBuffer] = []
        var armedTimer = UInt64.max
        var stallReport: (@Sendable (Duration) -> Void)?
        var stallLimit = UInt64.max
    }

    private let epoll: CInt
    private let event: CInt
    private let timer: CInt
    private let shared = Locked(Shared())
    private let threadID = Atomic<UInt>(0)
    /// In memory of its own, not in a class's properties, each access to which would be checked for overlaps at run time.
    nonisolated(unsafe) private let local: UnsafeMutablePointer<Local>

    /// - Throws: ``IOFailure`` where the system gives no descriptor or thread.
    package init(name: String = "patchbay") throws(IOFailure) {
        local = .allocate(capacity: 1)
        local.initialize(to: Local())
        epoll = cpb_epoll_create()
        event = cpb_event_create()
        timer = cpb_timer_create()
        let failure = min(epoll, event, timer)
        guard failure >= 0 else {
            throw IOFailure(errno: -failure, operation: "start a reactor")
        }
        _ = cpb_epoll_add(epoll, event, UInt32(CPB_IN), UnsafeMutableRawPointer(bitPattern: Self.eventMark))
        _ = cpb_epoll_add(epoll, timer, UInt32(CPB_IN) | CPB_EDGE, UnsafeMutableRawPointer(bitPattern: Self.timerMark))
        // The thread keeps its reactor alive until it is stopped.
        let me = Unmanaged.passRetained(self)
        let status = cpb_thread_start(
            { context in
                // Never nil: it is what was passed below.
                let reactor = Unmanaged<Reactor>.fromOpaque(context!).takeRetainedValue()
                reactor.run()
                return nil
            },
            me.toOpaque(),
            name
        )
        guard status >= 0 else {
            me.release()
            throw IOFailure(errno: -status, operation: "start a reactor's thread")
        }
    }

    deinit {
        closeDescriptors()
        local.deinitialize(count: 1)
        local.deallocate()
    }

    private func closeDescriptors() {
        for descriptor in [epoll, event, timer] where descriptor >= 0 { _ = cpb_close(descriptor) }
    }

    private static let eventMark = 1
    private static let timerMark = 2

    /// The calling thread is this reactor's.
    public var isCurrent: Bool { cpb_thread_id() == threadID.load(ordering: .relaxed) }

    // MARK: - What others ask for

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if isCurrent {
            local.pointee.jobs.append(job)
        } else {
            tell { $0.jobs.append(job) }
        }
    }

    /// Has the output flushed before the reactor sleeps.
    package func scheduleFlush(_ output: any Flushable) {
        if isCurrent {
            local.pointee.dirty.append(output)
        } else {
            tell { $0.dirty.append(output) }
        }
    }

    /// Runs a short piece of work on the reactor's thread, with no lock held.
    package func notify(_ work: @escaping @Sendable () -> Void) {
        if isCurrent {
            local.pointee.notices.append(work)
        } else {
            tell { $0.notices.append(work) }
        }
    }

    /// Asks the target at that instant, in nanoseconds of the monotonic clock.
    package func schedule(_ target: any DeadlineTarget, at: UInt64) {
        let current = isCurrent
        let signal = shared.withLock { shared in
            shared.wheel.insert(target, at: at)
            return !current && at < shared.sleepsUntil && Self.needsSignal(&shared)
        }
        if signal { cpb_event_signal(event) }
    }

    /// Ends the thread once what is queued has run. The streams of the reactor must be closed before.
    package func stop() { tell { $0.stopping = true } }

    private func tell(_ change: (inout Shared) -> Void) {
        let signal = shared.withLock { shared in
            change(&shared)
            return Self.needsSignal(&shared)
        }
        if signal { cpb_event_signal(event) }
    }

    private static func needsSignal(_ shared: inout Shared) -> Bool {
        guard shared.asleep, !shared.signalled else { return false }
        shared.signalled = true
        return true
    }

    /// Lets everything else that is ready have its turn: resumes after the next look at epoll. At once on other threads.
    package nonisolated(nonsending) func yieldTurn() async {
        guard isCurrent else { return }
        await withUnsafeContinuation { local.pointee.yielded.append($0) }
    }

    /// Nanoseconds of the monotonic clock.
    package var now: UInt64 { cpb_now() }

    /// Reports each time that the tasks of one tick held the thread for longer than `limit`, from that thread.
    package func reportStalls(longerThan limit: Duration, to report: @escaping @Sendable (Duration) -> Void) {
        notify { [weak self] in
            self?.local.pointee.stallLimit = limit.nanoseconds
            self?.local.pointee.stallReport = report
        }
    }

    // MARK: - Registration

    /// Watches a descriptor. Until ``unregister(_:_:)`` the source is held.
    package func register(_ descriptor: CInt, _ source: any EventSource, events: UInt32) -> Result<RegistrationToken, IOFailure> {
        let registration = Unmanaged.passRetained(Registration(source))
        let status = cpb_epoll_add(epoll, descriptor, events, registration.toOpaque())
        guard status >= 0 else {
            registration.release()
            return .failure(IOFailure(errno: -status, operation: "watch a descriptor"))
        }
        return .success(RegistrationToken(registration: registration))
    }

    package func modify(_ descriptor: CInt, _ token: RegistrationToken, events: UInt32) {
        _ = cpb_epoll_modify(epoll, descriptor, events, token.registration.toOpaque())
    }

    /// Called before the descriptor is closed: a duplicate of it, such as in a forked child, would keep it registered.
    package func unregister(_ descriptor: CInt, _ token: RegistrationToken) {
        _ = cpb_epoll_remove(epoll, descriptor)
        // Events fetched before still name the registration: it is let go after the batch in progress.
        shared.withLock { $0.graveyard.append(token.registration) }
    }

    // MARK: - The loop

    private static let batch = 256
    /// How often tasks that became ready are run before epoll is looked at again.
    private static let roundsPerTick = 8

    private func run() {
        threadID.store(cpb_thread_id(), ordering: .relaxed)
        let pointers = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: Self.batch)
        let events = UnsafeMutablePointer<UInt32>.allocate(capacity: Self.batch)
        defer {
            pointers.deallocate()
            events.deallocate()
        }
        var dead: [Unmanaged<Registration>] = []
        var due: [any DeadlineTarget] = []
        while true {
            runTasks()
            guard let timeout = prepareToSleep() else { break }
            let count = cpb_epoll_wait(epoll, pointers, events, CInt(Self.batch), timeout)
            let deadline = shared.withLock { shared in
                shared.asleep = false
                swap(&dead, &shared.graveyard)
                return shared.wheel.next
            }
            var timerFired = false
            for index in 0..<max(0, Int(count)) {
                if dispatch(pointers[index], events[index]) { timerFired = true }
            }
            for registration in dead { registration.release() }
            dead.removeAll(keepingCapacity: true)
            if !local.pointee.yielded.isEmpty {
                var yielded: [UnsafeContinuation<Void, Never>] = []
                swap(&yielded, &local.pointee.yielded)
                for continuation in yielded { continuation.resume() }
            }
            if let deadline {
                // The coarse clock suffices to see that time passed while the thread was busy.
                let now = timerFired ? cpb_now() : cpb_now_coarse()
                if deadline <= now { runDeadlines(now, &due) }
            }
        }
        threadID.store(0, ordering: .relaxed)
        for registration in shared.withLock({ $0.graveyard }) { registration.release() }
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
            Unmanaged<Registration>.fromOpaque(pointer).takeUnretainedValue().source.handle(events)
        }
        return false
    }

    private func runTasks() {
        let executor = asUnownedTaskExecutor()
        let start = local.pointee.stallReport == nil ? 0 : cpb_now_coarse()
        var round = 0
        repeat {
            swap(&local.pointee.jobs, &local.pointee.running)
            for job in local.pointee.running { job.runSynchronously(on: executor) }
            local.pointee.running.removeAll(keepingCapacity: true)
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
            let held = cpb_now_coarse() &- start
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
        let busy =
            !(local.pointee.jobs.isEmpty && local.pointee.yielded.isEmpty && local.pointee.notices.isEmpty && local.pointee.dirty.isEmpty)
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

    private func runDeadlines(_ now: UInt64, _ due: inout [any DeadlineTarget]) {
        shared.withLock { $0.wheel.advance(to: now, into: &due) }
        for target in due {
            if let again = target.deadlineReached(now: now) { shared.withLock { $0.wheel.insert(target, at: again) } }
        }
        due.removeAll(keepingCapacity: true)
    }

    // MARK: - Buffers

    /// What a read buffer from the pool holds.
    package static let readBufferBytes = 131_072
    private static let pooledBuffers = 32
    private static let outputBufferBytes = 8_192
    private static let largestPooledOutput = 524_288

    /// An empty buffer for reading. Hot ones stay with the thread.
    package func takeReadBuffer() -> ByteBuffer {
        if isCurrent {
            if var buffer = local.pointee.buffers.popLast() {
                buffer.clear()
                return buffer
            }
        } else if var buffer = shared.withLock({ $0.buffers.popLast() }) {
            buffer.clear()
            return buffer
        }
        return ByteBufferAllocator().buffer(capacity: Self.readBufferBytes)
    }

    /// Takes back a buffer, slices of which may still be out.
    /// - Parameter isLent: they are, for now: it is given out again after all others.
    package func giveReadBuffer(_ buffer: consuming ByteBuffer, isLent: Bool = false) {
        let buffer = buffer
        guard buffer.storageCapacity == Self.readBufferBytes else { return }
        if isCurrent {
            guard local.pointee.buffers.count < Self.pooledBuffers else { return }
            local.pointee.buffers.insert(buffer, at: isLent ? 0 : local.pointee.buffers.count)
        } else {
            shared.withLock { shared in
                guard shared.buffers.count < Self.pooledBuffers else { return }
                shared.buffers.insert(buffer, at: isLent ? 0 : shared.buffers.count)
            }
        }
    }

    /// An empty buffer for writing, small at first.
    package func takeOutputBuffer() -> ByteBuffer {
        if isCurrent, var buffer = local.pointee.outputs.popLast() {
            buffer.clear()
            return buffer
        }
        return ByteBufferAllocator().buffer(capacity: Self.outputBufferBytes)
    }

    package func giveOutputBuffer(_ buffer: consuming ByteBuffer) {
        let buffer = buffer
        guard isCurrent, buffer.storageCapacity <= Self.largestPooledOutput, local.pointee.outputs.count < Self.pooledBuffers else {
            return
        }
        local.pointee.outputs.append(buffer)
    }
}

/// What a registration is known by.
package struct RegistrationToken: Sendable {
    let registration: Unmanaged<Registration>
}

extension Duration {
    /// Whole nanoseconds, at least 0, at most what a `UInt64` holds.
    package var nanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        if overflow { return .max }
        let (sum, carry) = whole.addingReportingOverflow(UInt64(attoseconds) / 1_000_000_000)
        return carry ? .max : sum
    }
}
