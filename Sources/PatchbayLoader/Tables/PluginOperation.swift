internal import CPatchbay
internal import CPatchbayIO
internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// One connect or accept of a plugin, from its start to its release.
///
/// Whoever waits may give up at any time; the operation then goes on by itself until the plugin has ended it, and what it gives too
/// late is closed.
final class PluginOperation: DeadlineTarget {
    /// How the plugin ended it, copied.
    struct Outcome: Sendable {
        var status: Int32
        var descriptor: CInt
        var flags: UInt32
        var error: PatchbayError?
    }

    private struct State {
        /// The call that starts it has returned.
        var hasStarted = false
        var handle: UInt = 0
        /// It did not start.
        var failure: PatchbayError?
        var outcome: Outcome?
        var isTaken = false
        var givenUp: GivingUp?
        /// Of the thread on which it ended.
        var endedOn: UInt = 0
        /// It ended within the call that started it: `done` had returned before that did.
        var endedAtOnce = false
        /// `cancel` runs.
        var isCancelling = false
        var isReleased = false
        var waiter: UnsafeContinuation<Void, Never>?
    }

    private enum GivingUp { case cancelled, timedOut }

    private let layer: TransportLayer
    private let call: PluginCall
    private let state = Locked(State())
    private let deadline: UInt64
    /// After the release, or where it did not start.
    private let onEnd: (@Sendable () -> Void)?

    init(_ layer: TransportLayer, _ call: PluginCall, deadline: UInt64 = .max, onEnd: (@Sendable () -> Void)? = nil) {
        self.layer = layer
        self.call = call
        self.deadline = deadline
        self.onEnd = onEnd
    }

    // MARK: Starting

    typealias Start = @Sendable (Loan, UnsafeMutablePointer<UnsafeMutableRawPointer?>) throws(PatchbayError) -> Void

    /// Starts it, waits until it has ended, and gives its outcome.
    /// - Throws: what it fails with; `CancellationError`; `timedOut` at the deadline.
    func run(_ number: UInt, on reactor: Reactor, _ start: @escaping Start) async throws -> Outcome {
        if deadline != .max { reactor.schedule(self, at: deadline) }
        if layer.isBlocking {
            do throws(PatchbayError) { try BlockingThreads.shared.submit { self.start(number, start) } } catch { failed(number, error) }
        } else {
            self.start(number, start)
        }
        await withTaskCancellationHandler {
            await wait()
        } onCancel: {
            giveUp(.cancelled)
        }
        return try take()
    }

    private func start(_ number: UInt, _ start: Start) {
        // In memory of its own: a plugin may write it from another thread, before the call returns.
        let handle = UnsafeMutablePointer<UnsafeMutableRawPointer?>.allocate(capacity: 1)
        handle.initialize(to: nil)
        do throws(PatchbayError) {
            try layer.contract.withLoan { loan throws(PatchbayError) in try start(loan, handle) }
        } catch {
            handle.deallocate()
            return failed(number, error)
        }
        let started = UInt(bitPattern: handle.pointee)
        handle.deallocate()
        let (waiter, cancels) = state.withLock { state in
            state.hasStarted = true
            state.handle = started
            state.endedAtOnce = state.outcome != nil && state.endedOn == UInt(cpb_thread_id())
            guard state.givenUp != nil else { return (state.outcome != nil ? state.waiter.take() : nil, false) }
            state.isCancelling = state.outcome == nil
            return (nil, state.isCancelling)
        }
        waiter?.resume()
        if cancels { cancel(started) }
        releaseIfOver()
    }

    private func failed(_ number: UInt, _ error: PatchbayError) {
        var error = error
        if !PendingOperations.shared.remove(number) {
            error = layer.contract.breach(call.function, "failed, and ended its operation all the same")
        }
        let waiter = state.withLock { state in
            state.failure = error
            state.isReleased = true
            return state.waiter.take()
        }
        waiter?.resume()
        onEnd?()
    }

    // MARK: Ending

    /// The plugin ended it; on any thread, also within the call that starts it.
    func done(_ pointer: UnsafePointer<patchbay_outcome>?) {
        let outcome = copy(pointer)
        let (waiter, late) = state.withLock { state in
            state.outcome = outcome
            state.endedOn = UInt(cpb_thread_id())
            if state.givenUp != nil { return (nil as UnsafeContinuation<Void, Never>?, true) }
            return (state.hasStarted ? state.waiter.take() : nil, false)
        }
        if late {
            discard(outcome)
            releaseIfOver()
        }
        waiter?.resume()
    }

    private func copy(_ pointer: UnsafePointer<patchbay_outcome>?) -> Outcome {
        guard let pointer, pointer.pointee.size >= UInt32(MemoryLayout<patchbay_outcome>.size) else {
            let error = layer.contract.breach("patchbay_done", "was given no outcome, or one whose size is not set")
            return Outcome(status: PatchbayStatus.failed.rawValue, descriptor: -1, flags: 0, error: error)
        }
        var outcome = Outcome(
            status: pointer.pointee.status,
            descriptor: pointer.pointee.descriptor,
            flags: pointer.pointee.flags,
            error: nil
        )
        guard outcome.status != PatchbayStatus.ok else { return outcome }
        outcome.error = failure(outcome.status, pointer.pointee.error)
        return outcome
    }

    private func failure(_ number: Int32, _ error: UnsafePointer<patchbay_error>?) -> PatchbayError {
        let contract = layer.contract
        guard let status = PatchbayStatus(known: number, newerPlugin: contract.isNewer) else {
            return contract.breach("patchbay_done", "was given \(number), which is no status that an operation ends with")
        }
        guard let error, error.pointee.size >= UInt32(MemoryLayout<patchbay_error>.size) else {
            return contract.breach("patchbay_done", "was given a failure without its patchbay_error, or one whose size is not set")
        }
        do throws(PatchbayError) { return try status.error(error, call, contract) } catch { return error }
    }

    // MARK: Waiting

    private func wait() async {
        await withUnsafeContinuation { continuation in
            let isOver = state.withLock { state in
                if state.failure != nil || state.givenUp != nil || (state.outcome != nil && state.hasStarted) { return true }
                state.waiter = continuation
                return false
            }
            if isOver { continuation.resume() }
        }
    }

    private func take() throws -> Outcome {
        let (failure, outcome, givenUp) = state.withLock { state in
            if state.givenUp == nil { state.isTaken = true }
            return (state.failure, state.outcome, state.givenUp)
        }
        switch givenUp {
        case .cancelled: throw CancellationError()
        case .timedOut:
            throw PatchbayError(
                .timedOut,
                "the plugin '\(layer.contract.plugin)' did not answer in time; check the address, or raise timeout",
                stage: call.stage,
                layer: layer.name
            )
        case nil: break
        }
        releaseIfOver()
        if let failure { throw failure }
        guard let outcome else { throw CancellationError() }
        if let error = outcome.error { throw error }
        return outcome
    }

    /// Nobody waits any more: the plugin is told, and what it still gives is closed.
    func giveUp() { giveUp(.cancelled) }

    private func giveUp(_ reason: GivingUp) {
        let (waiter, cancels, late, handle) = state.withLock { state -> (UnsafeContinuation<Void, Never>?, Bool, Outcome?, UInt) in
            guard !state.isTaken, state.givenUp == nil, state.failure == nil else { return (nil, false, nil, 0) }
            state.givenUp = reason
            state.isCancelling = state.hasStarted && state.outcome == nil
            return (state.waiter.take(), state.isCancelling, state.outcome, state.handle)
        }
        waiter?.resume()
        if let late { discard(late) }
        if cancels { cancel(handle) }
        releaseIfOver()
    }

    func deadlineReached(now: UInt64) -> UInt64? {
        guard deadline <= now else { return deadline }
        giveUp(.timedOut)
        return nil
    }

    // MARK: Calls that end it

    private func cancel(_ handle: UInt) {
        layer.callAnytime { [self] in
            if let cancel = layer.table.cancel { cancel(UnsafeMutableRawPointer(bitPattern: handle)) }
            state.withLock { $0.isCancelling = false }
            releaseIfOver()
        }
    }

    /// Once, when the plugin has ended it, nothing runs for it, and nobody needs it.
    private func releaseIfOver() {
        let over = state.withLock { state -> (handle: UInt, atOnce: Bool)? in
            guard state.hasStarted, state.outcome != nil, !state.isCancelling, !state.isReleased, state.isTaken || state.givenUp != nil
            else { return nil }
            state.isReleased = true
            return (state.handle, state.endedAtOnce)
        }
        guard let over else { return }
        guard let release = layer.table.release else {
            onEnd?()
            return
        }
        // Never within `done`, which must have returned.
        layer.callAnytime(apart: !over.atOnce) { [self] in
            release(UnsafeMutableRawPointer(bitPattern: over.handle))
            onEnd?()
        }
    }

    /// Closes what came too late.
    private func discard(_ outcome: Outcome) {
        guard outcome.status == PatchbayStatus.ok else { return }
        do throws(HandedDescriptor.Fault) {
            let keepsBoundaries = outcome.flags & PATCHBAY_KEEPS_BOUNDARIES != 0
            _ = cpb_close(try HandedDescriptor(outcome.descriptor, listening: false, keepsBoundaries: keepsBoundaries).number)
        } catch {
            layer.contract.breach(call.function, error.what)
        }
    }
}
