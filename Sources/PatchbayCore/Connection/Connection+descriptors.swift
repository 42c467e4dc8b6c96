public import PatchbayIO

extension Connection {
    /// Sends a copy of a descriptor behind all that was sent before. Suspends while the peer is slow.
    ///
    /// Needs `descriptors=true` in the URL, and a Unix socket. CPython's `multiprocessing.reduction.recv_handle` receives it over a stack without
    /// greeting, such as `python`; with one, the peer needs `descriptors=true` as well.
    /// - Parameter descriptor: stays the caller's, who may close it as soon as this returns.
    /// - Throws: ``PatchbayError`` with `unsupported`, `invalidArgument` for what is no descriptor, `limitExceeded` where too many are on their
    ///   way, and as ``send(bytes:)``; `CancellationError`. Whatever it throws before the connection failed, nothing was sent.
    public nonisolated(nonsending) func sendDescriptor(_ descriptor: CInt) async throws {
        var deadline: UInt64 = 0
        while true {
            switch try link.trySendDescriptor(descriptor) {
            case .done: return
            case .turn: try await link.takeTurn()
            case .wait(let id):
                if deadline == 0 { deadline = link.deadlineAfter(link.settings.sendTimeout) }
                try await link.waitToSend(id, for: .idle, deadline: deadline)
            }
        }
    }

    /// The descriptor that comes next, close-on-exec; nil once the peer has ended in order. Suspends until one arrives.
    ///
    /// What CPython's `multiprocessing.reduction.send_handle` sends, over a stack without greeting such as `python`. Descriptors keep their
    /// place between the messages: both ends must know what comes when, or a message must say so.
    /// - Parameter timeout: as for ``receiveBytes(maximum:timeout:)``.
    /// - Throws: ``PatchbayError`` with `unsupported`; `outOfTurn` where a message comes next: nothing is lost, and a receive has it, as
    ///   ``receiveBytes(maximum:timeout:)`` throws `outOfTurn` where a descriptor comes next; `tooManyDescriptors` where this process has no room
    ///   for it: it is lost, and the connection goes on; `protocolViolation` for several at once, or none where one was announced; and as
    ///   ``receiveBytes(maximum:timeout:)``; `CancellationError`.
    public nonisolated(nonsending) func receiveDescriptor(timeout: Duration? = nil) async throws -> OwnedDescriptor? {
        var deadline: UInt64 = 0
        while true {
            switch try link.nextDescriptor() {
            case .descriptor(let descriptor): return descriptor
            case .other(let step):
                switch step {
                case .message, .end: return nil
                case .control(let control): try link.answer(control)
                case .turn: try await link.takeTurn()
                case .flush: link.flushBeforeWaiting()
                case .wait(let id):
                    if deadline == 0 { deadline = link.deadlineAfter(timeout ?? link.settings.receiveTimeout) }
                    try await link.waitToReceive(id, deadline: deadline)
                }
            }
        }
    }
}
