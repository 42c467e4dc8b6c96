internal import CPatchbayIO
internal import Glibc
internal import Synchronization

/// A started program, reaped by its reactor as soon as it ends: no zombie, and no handler of SIGCHLD.
package final class ChildProcess: EventSource, DeadlineTarget {
    private struct State: ~Copyable {
        /// Readable once the process has ended; -1 after it was reaped.
        var descriptor: CInt
        var token: Registration?
        /// The signals that are still to come, the next one last.
        var signals: [CInt] = []
        var nextSignalAt = UInt64.max
        /// As waitpid gave it; nil while the process runs.
        var status: CInt?
        var waiting: [UnsafeContinuation<Void, Never>] = []
    }

    /// What ends a child that does not end by itself.
    package enum Ending: Sendable {
        /// It may finish: its input has ended. SIGTERM after the grace period, SIGKILL after another.
        case inOrder
        /// SIGTERM at once, SIGKILL after the grace period.
        case atOnce
    }

    package let processID: Int32
    private let reactor: Reactor
    private let gracePeriod: Duration
    private let state: Locked<State>

    private init(processID: Int32, descriptor: CInt, gracePeriod: Duration, reactor: Reactor) {
        self.processID = processID
        self.gracePeriod = gracePeriod
        self.reactor = reactor
        state = Locked(State(descriptor: descriptor))
    }

    /// Starts a program. The calling thread waits until the program was loaded, or was not.
    /// - Throws: ``IOFailure`` with the error number of exec, where that is what failed.
    package static func start(_ program: ChildProgram, input: CInt, output: CInt, reactor: Reactor) throws(IOFailure) -> ChildProcess {
        let started = program.spawn(input: input, output: output)
        guard case .success(let processID) = started else {
            if case .failure(let failure) = started { throw failure }
            throw IOFailure(errno: EINVAL, operation: "start a program")
        }
        let descriptor = cpb_process_descriptor(processID)
        guard descriptor >= 0 else {
            abandon(processID)
            throw IOFailure(errno: -descriptor, operation: "watch a child process")
        }
        let child = ChildProcess(processID: processID, descriptor: descriptor, gracePeriod: program.gracePeriod, reactor: reactor)
        let failure = child.state.withLock { state -> IOFailure? in
            // The registration keeps the child alive until it was reaped, whoever else lets go of it.
            switch reactor.register(descriptor, child, events: Events.readable) {
            case .success(let token):
                state.token = token
                return nil
            case .failure(let failure):
                state.descriptor = -1
                return failure
            }
        }
        if let failure {
            _ = cpb_close(descriptor)
            abandon(processID)
            throw failure
        }
        return child
    }

    /// Kills and reaps a child that cannot be watched.
    private static func abandon(_ processID: Int32) {
        kill(processID, SIGKILL)
        while waitpid(processID, nil, 0) < 0, errno == EINTR {}
    }

    package func handle(_ events: UInt32) {
        let waiting = state.withLock { state -> [UnsafeContinuation<Void, Never>] in
            guard state.status == nil else { return [] }
            var status: CInt = 0
            let reaped = cpb_process_reap(processID, &status)
            // Negative: somebody else reaped it, such as a host that waits for any child. It is gone all the same.
            guard reaped != 0 else { return [] }
            state.status = reaped > 0 ? status : -1
            if let token = state.token { reactor.unregister(state.descriptor, token) }
            state.token = nil
            _ = cpb_close(state.descriptor)
            state.descriptor = -1
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Has the child end. Idempotent; `atOnce` overtakes `inOrder`.
    package func end(_ ending: Ending) {
        let at = state.withLock { state -> UInt64? in
            guard state.status == nil else { return nil }
            switch ending {
            case .inOrder:
                guard state.nextSignalAt == .max else { return nil }
                state.signals = [SIGKILL, SIGTERM]
            case .atOnce:
                if state.signals == [SIGKILL] { return nil }
                _ = cpb_process_signal(state.descriptor, SIGTERM)
                state.signals = [SIGKILL]
            }
            state.nextSignalAt = later
            return state.nextSignalAt
        }
        if let at { reactor.schedule(self, at: at) }
    }

    private var later: UInt64 { reactor.deadline(after: gracePeriod) }

    package func deadlineReached(now: UInt64) -> UInt64? {
        state.withLock { state in
            guard state.status == nil, let signal = state.signals.last else { return nil }
            guard state.nextSignalAt <= now else { return state.nextSignalAt }
            state.signals.removeLast()
            _ = cpb_process_signal(state.descriptor, signal)
            guard !state.signals.isEmpty else { return nil }
            state.nextSignalAt = later
            return state.nextSignalAt
        }
    }

    /// Waits for the end, and says how it came.
    package nonisolated(nonsending) func waitForEnd() async -> ChildEnd {
        await withUnsafeContinuation { continuation in
            let hasEnded = state.withLock { state in
                if state.status != nil { return true }
                state.waiting.append(continuation)
                return false
            }
            if hasEnded { continuation.resume() }
        }
        return ChildEnd(state.withLock { $0.status } ?? -1)
    }
}

/// How a child process ended: wait(2).
package enum ChildEnd: Sendable, Hashable {
    case exited(CInt)
    case killed(signal: CInt)
    /// Somebody else waited for it.
    case unknown

    init(_ status: CInt) {
        if status < 0 {
            self = .unknown
        } else if status & 0x7F == 0 {
            self = .exited((status >> 8) & 0xFF)
        } else {
            self = .killed(signal: status & 0x7F)
        }
    }
}
