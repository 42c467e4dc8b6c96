public import NIOCore
internal import PatchbayIO

extension Connection {
    /// Sends one message. Suspends while the peer is slow.
    ///
    /// The message leaves when the task next suspends, at the end of the reactor's turn, or at 64 KiB; ``flush()`` sends it
    /// at once. Large messages go by reference.
    /// - Throws: ``PatchbayError`` with `messageTooLarge`, `encodingFailed`, `timedOut` after the URL's `send-timeout`, `closed`,
    ///   `reset`, `wrongDirection`; `CancellationError`. Whatever it throws before the connection failed, nothing was sent.
    // Inlined into the caller, so that a message that need not wait costs no frame of a task.
    @inlinable
    public nonisolated(nonsending) func send(bytes message: ByteBuffer) async throws {
        let step = try sendNow(message)
        if case .done = step { return }
        try await sendLater(step, message)
    }

    @usableFromInline
    func sendNow(_ message: ByteBuffer) throws -> SendStep { try link.trySend(message) }

    @usableFromInline @inline(never)
    nonisolated(nonsending) func sendLater(_ first: SendStep, _ message: ByteBuffer) async throws {
        var step = first
        var deadline: UInt64 = 0
        while true {
            switch step {
            case .done: return
            case .turn:
                await reactor.yieldTurn()
                try Task.checkCancellation()
            case .wait(let id):
                if deadline == 0 { deadline = link.deadlineAfter(link.settings.sendTimeout) }
                try await link.waitToSend(id, deadline: deadline)
            }
            step = try link.trySend(message)
        }
    }

    /// Sends a range of `buffer`'s readable bytes as one message.
    /// - Parameter count: nil: to the end.
    /// - Throws: as ``send(bytes:)``, and `invalidArgument`, before anything is sent, for a range that is not in the buffer.
    public nonisolated(nonsending) func send(bytes buffer: ByteBuffer, offset: Int, count: Int? = nil) async throws {
        let available = buffer.readableBytes
        guard offset >= 0, offset <= available else {
            throw PatchbayError(.invalidArgument, "the offset \(offset) is not within the \(available) bytes of the buffer", stage: .send)
        }
        let count = count ?? available - offset
        guard count >= 0, count <= available - offset,
            let slice = buffer.getSlice(at: buffer.readerIndex + offset, length: count)
        else {
            throw PatchbayError(
                .invalidArgument,
                "\(count) bytes from offset \(offset) are not within the \(available) bytes of the buffer",
                stage: .send
            )
        }
        try await send(bytes: slice)
    }

    /// Hands what was sent so far to the system now, as far as it takes it.
    public func flush() { link.flushBeforeWaiting() }
}
