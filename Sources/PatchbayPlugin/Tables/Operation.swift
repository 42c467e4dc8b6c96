internal import CPatchbay
internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// Where an operation's end is told: exactly once.
struct Completion: @unchecked Sendable {
    // Sendable: the header lets it be called on any thread; the context is the host's, and only handed back.
    private let done: patchbay_done
    private let context: UnsafeMutableRawPointer?

    init(_ done: @escaping patchbay_done, _ context: UnsafeMutableRawPointer?) {
        self.done = done
        self.context = context
    }

    func succeed(_ handover: Handover) {
        var outcome = patchbay_outcome(
            size: UInt32(MemoryLayout<patchbay_outcome>.size),
            status: Status.done,
            descriptor: handover.descriptor,
            flags: handover.keepsBoundaries ? PATCHBAY_KEEPS_BOUNDARIES : 0,
            error: nil
        )
        done(context, &outcome)
    }

    func fail(_ failure: any Error) {
        var error = patchbay_error()
        error.size = UInt32(MemoryLayout<patchbay_error>.size)
        withUnsafeMutablePointer(to: &error) { error in
            var outcome = patchbay_outcome(
                size: UInt32(MemoryLayout<patchbay_outcome>.size),
                status: error.report(failure),
                descriptor: -1,
                flags: 0,
                error: UnsafePointer(error)
            )
            done(context, &outcome)
        }
    }
}

/// A `connect` or an `accept` under way.
final class Operation: Sendable {
    private struct State {
        var task: Task<Void, Never>?
        var isCancelled = false
    }

    private let completion: Completion
    private let state = Locked(State())

    init(_ completion: Completion) { self.completion = completion }

    /// Runs what ends in a stream for the host, and tells it so.
    /// - Parameter work: gives nil where its listener was closed.
    func run(_ work: @escaping @Sendable () async throws -> (any ByteStream)?) {
        // C calls into asynchronous code here; `cancel` reaches the task, and its end is `done`.
        let task = Task {
            let result: Result<Handover, any Error>
            do {
                guard let stream = try await work() else {
                    throw PatchbayError(.closed, "the listener was closed", stage: .listen)
                }
                result = .success(try Handover(stream))
            } catch {
                result = .failure(error)
            }
            switch result {
            case .success(let handover): completion.succeed(handover)
            case .failure(let error): completion.fail(error)
            }
        }
        let isLate = state.withLock { state in
            state.task = task
            return state.isCancelled
        }
        if isLate { task.cancel() }
    }

    func cancel() {
        let task = state.withLock { state in
            state.isCancelled = true
            return state.task
        }
        task?.cancel()
    }
}
