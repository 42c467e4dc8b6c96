internal import CPatchbayIO
internal import NIOCore
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
    struct Shared: ~Copyable {
        var jobs: [UnownedJob] = []
        var dirty: [any Flushable] = []
        var notices: [@Sendable () -> Void] = []
        var graveyard: [Registration] = []
        var wheel = DeadlineWheel()
        var buffers: [ByteBuffer] = []
        var outputs: [ByteBuffer] = []
        var asleep = false
        /// Somebody wants it to look again before it sleeps.
        var woken = false
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
        /// The task that the loop has resumed, as its address; 0 between jobs.
        var runningTask: UInt = 0
        /// Jobs of this round that have not run yet.
        var remaining = 0
        /// How often a task that spins has tried.
        var attempts: UInt = 0
        /// What one look at epoll gave.
        let eventPointers = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: Reactor.batch)
        let eventBits = UnsafeMutablePointer<UInt32>.allocate(capacity: Reactor.batch)
        var dead: [Registration] = []
        var tickBegan: UInt64 = 0
        var stallReport: (@Sendable (Duration) -> Void)?
        var stallLimit = UInt64.max
    }

    let epoll: CInt
    let event: CInt
    let timer: CInt
    let shared = Locked(Shared())
    let threadID = Atomic<UInt>(0)
    /// In memory of its own, not in a class's properties, each access to which would be checked for overlaps at run time.
    nonisolated(unsafe) let local: UnsafeMutablePointer<Local>

    /// How long it looks at epoll again and again before it sleeps, in nanoseconds.
    let spin: UInt64
    package var spins: Bool { spin > 0 }

    /// - Throws: ``IOFailure`` where the system gives no descriptor or thread.
    package init(name: String = "patchbay", spinning: Duration = .zero) throws(IOFailure) {
        spin = spinning.nanoseconds
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
        local.pointee.eventPointers.deallocate()
        local.pointee.eventBits.deallocate()
        local.deinitialize(count: 1)
        local.deallocate()
    }

    private func closeDescriptors() {
        for descriptor in [epoll, event, timer] where descriptor >= 0 { _ = cpb_close(descriptor) }
    }

    static let eventMark = 2
    static let timerMark = 4

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

    /// Takes back the latest request to flush, which its output did itself: most often there is no other.
    /// - Returns: false where another came after it, or this is not the reactor's thread: it will be asked.
    package func unscheduleFlush(_ output: any Flushable) -> Bool {
        guard isCurrent, let last = local.pointee.dirty.last, last === output else { return false }
        local.pointee.dirty.removeLast()
        return true
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

    /// Takes back what was scheduled for that instant; it may be asked all the same, if its time has come.
    package func unschedule(_ target: any DeadlineTarget, at: UInt64) {
        shared.withLock { $0.wheel.remove(target, at: at) }
    }

    /// Ends the thread once what is queued has run. The streams of the reactor must be closed before.
    package func stop() { tell { $0.stopping = true } }

    /// Makes the thread look again at what it waits for, in case it sleeps.
    package func wake() { tell { $0.woken = true } }

    private func tell(_ change: (inout Shared) -> Void) {
        let signal = shared.withLock { shared in
            change(&shared)
            return Self.needsSignal(&shared)
        }
        if signal { cpb_event_signal(event) }
    }

    static func needsSignal(_ shared: inout Shared) -> Bool {
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
            self?.local.pointee.tickBegan = cpb_now_coarse()
        }
    }

    // MARK: - Registration

    /// Watches a descriptor. Until ``unregister(_:_:)`` the source is held.
    package func register(_ descriptor: CInt, _ source: any EventSource, events: UInt32) -> Result<Registration, IOFailure> {
        register(descriptor, Registration(source), events)
    }

    func register(_ descriptor: CInt, _ socket: SocketStream, events: UInt32) -> Result<Registration, IOFailure> {
        register(descriptor, Registration(socket), events)
    }

    private func register(_ descriptor: CInt, _ registration: Registration, _ events: UInt32) -> Result<Registration, IOFailure> {
        let status = cpb_epoll_add(epoll, descriptor, events, registration.word)
        guard status >= 0 else {
            registration.release()
            return .failure(IOFailure(errno: -status, operation: "watch a descriptor"))
        }
        return .success(registration)
    }

    package func modify(_ descriptor: CInt, _ token: Registration, events: UInt32) {
        _ = cpb_epoll_modify(epoll, descriptor, events, token.word)
    }

    /// Called before the descriptor is closed: a duplicate of it, such as in a forked child, would keep it registered.
    package func unregister(_ descriptor: CInt, _ token: Registration) {
        _ = cpb_epoll_remove(epoll, descriptor)
        // Events fetched before still name the registration: it is let go after the batch in progress.
        shared.withLock { $0.graveyard.append(token) }
    }
}
