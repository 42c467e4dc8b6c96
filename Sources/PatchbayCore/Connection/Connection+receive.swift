public import NIOCore
internal import PatchbayIO

extension Connection {
    /// The next message; nil once the peer has ended in order. Suspends until one arrives.
    ///
    /// The message is a slice of a shared read buffer: cheap, and it keeps that buffer alive. Copy small messages that are
    /// kept for long.
    /// - Parameters:
    ///   - maximum: a longer message is not taken: `messageTooLarge`, and the next call can still have it. The connection's
    ///     own limit holds besides, and ends the connection.
    ///   - timeout: `timedOut` after that; nil: the URL's `receive-timeout`, else no limit.
    /// - Throws: ``PatchbayError`` with `timedOut`, `messageTooLarge`, `truncated`, `reset`, `protocolViolation`, `closed`,
    ///   `wrongDirection`, or what a processor throws; `CancellationError`.
    // Inlined into the caller, so that a message that is there costs no frame of a task.
    @inlinable
    public nonisolated(nonsending) func receiveBytes(maximum: Int? = nil, timeout: Duration? = nil) async throws -> ByteBuffer? {
        let maximum = maximum ?? .max
        let limit = receiveLimit(timeout)
        let first = try receiveNow(maximum, mayStay: limit == .max && !Self.isIsolated(#isolation))
        if case .message(let message) = first { return message }
        return try await receiveLater(first, maximum, limit)
    }

    /// Nanoseconds; `.max` without a limit.
    @usableFromInline
    func receiveLimit(_ timeout: Duration?) -> UInt64 { timeout?.nanoseconds ?? link.settings.receiveTimeoutNanoseconds }

    @usableFromInline
    func receiveNow(_ maximum: Int, mayStay: Bool) throws -> Received { try link.receive(maximum: maximum, mayStay: mayStay) }

    @usableFromInline
    static func isIsolated(_ actor: (any Actor)?) -> Bool { Link.isIsolated(actor) }

    // What is alive across the wait is kept for each idle connection: as little as can be.
    @usableFromInline @inline(never)
    nonisolated(nonsending) func receiveLater(_ first: Received, _ maximum: Int, _ limit: UInt64) async throws -> ByteBuffer? {
        var next = first
        var deadline = UInt64.max
        while true {
            switch next {
            case .message(let message): return message
            case .turn: try await link.takeTurn()
            case .wait(let id, let inPlace):
                if limit != .max, deadline == .max { deadline = link.deadline(afterNanoseconds: limit) }
                if !inPlace || !link.waitInPlace() { try await link.suspendToReceive(id, deadline: deadline) }
            }
            next = try link.receive(maximum: maximum, mayStay: limit == .max && !Link.isIsolated(#isolation))
        }
    }

    /// Whether a message, or the end, is there; consumes nothing. An error that a receive would throw counts as well.
    /// - Parameter timeout: zero or less: a look; nil: until there is something.
    public nonisolated(nonsending) func poll(timeout: Duration? = .zero) async throws -> Bool {
        var deadline: UInt64 = 0
        link.stream.lookAgain()
        while true {
            let step: ReceiveStep
            do {
                step = try link.nextMessage(taking: false)
            } catch {
                return true
            }
            switch step {
            case .message, .end: return true
            case .control(let control): try link.answer(control)
            case .turn: try await link.takeTurn()
            case .flush: link.flushBeforeWaiting()
            case .wait(let id):
                if let timeout, timeout <= .zero {
                    link.flushBeforeWaiting()
                    link.releaseBuffers()
                    return false
                }
                if deadline == 0 { deadline = link.deadlineAfter(timeout) }
                do {
                    try await link.waitToReceive(id, deadline: deadline)
                } catch let error as PatchbayError where error.code == .timedOut {
                    return false
                }
            }
        }
    }

    /// Gives all messages that are complete already, without suspending, up to `limit`.
    ///
    /// A loop that waits with ``receiveBytes(maximum:timeout:)`` and then drains with this handles a batch at the cost of one.
    /// It ends before a descriptor.
    public func receiveAvailable(limit: Int = 1024, _ body: (ByteBuffer) throws -> Void) throws -> Int {
        var count = 0
        while count < limit {
            let step: ReceiveStep
            do {
                step = try link.nextMessage(readingMore: false)
            } catch let error as PatchbayError where error.code == .outOfTurn {
                return count
            }
            switch step {
            case .message(let message):
                try body(message)
                count += 1
            case .control(let control): try link.answer(control)
            case .end, .wait, .turn, .flush: return count
            }
        }
        return count
    }
}
