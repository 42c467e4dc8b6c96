internal import NIOCore
internal import PatchbayIO
internal import Synchronization

extension Link {
    /// Sends what is pending and ends this direction; the other goes on. Idempotent: whoever asks waits until it is done.
    /// - Parameter isClosing: the stream is closed right after.
    nonisolated(nonsending) func finishSending(deadline: UInt64, isClosing: Bool = false) async throws {
        writeSide.withLock { $0.finished = true }
        while try stepToFinish(isClosing: isClosing) {
            try await waitToSend(nextCall(), for: .drained, deadline: deadline)
        }
    }

    /// - Returns: true where the caller must wait until nothing is pending.
    private func stepToFinish(isClosing: Bool) throws -> Bool {
        let (wait, writers) = try writeSide.withLock { side throws -> (Bool, WaiterList) in
            if let failure = side.failure { throw failure }
            if side.shutDown { return (false, side.takeWaiters()) }
            flush(&side)
            guard side.isEmpty else { return (true, WaiterList()) }
            if !side.saidClose, settings.hasControlFrames {
                side.saidClose = true
                var frame = ByteBuffer()
                try LengthFraming().writeControl(.close, ByteBuffer(), into: &frame)
                side.appendRaw(frame)
                flush(&side)
                guard side.isEmpty else { return (true, WaiterList()) }
            }
            if let sealed = side.sealed, !sealed.saidEnd {
                sealed.saidEnd = true
                try sealed.sealer.sealEnd(into: &sealed.wire)
                flush(&side)
                guard side.isEmpty else { return (true, WaiterList()) }
            }
            side.shutDown = true
            // Where the stream is closed next, that says as much.
            if !isClosing { stream.shutdownOutput() }
            return (false, side.takeWaiters())
        }
        writers.wake(.ready)
        return wait
    }

    /// Sends what is pending, ends this direction, and lets the stream linger until the peer has ended as well.
    nonisolated(nonsending) func close() async {
        let deadline = deadlineAfter(settings.closeTimeout)
        let (ended, readers) = readSide.withLock { side in
            defer {
                side.finished = true
                side.ready = []
            }
            // Behind the peer's CLOSE its stream may still bring bytes, and closing on unread ones would reset what was sent.
            return (side.ended && !side.heardClose || side.failure != nil, side.waiters.takeAll())
        }
        wakeReaders(readers)
        do {
            try await finishSending(deadline: deadline, isClosing: ended)
        } catch {
            // The peer is gone, too slow, or the task was cancelled: what could be done is done.
            return drop()
        }
        if ended { return drop() }
        writeSide.withLock { releaseOutput(&$0) }
        readSide.withLock { side in
            side.releaseBuffers(reactor)
            side.ended = true
            side.buffer = ByteBuffer()
            side.form = .plain
        }
        if releaseStream() { Lingering.start(stream, until: deadline) }
    }
}
