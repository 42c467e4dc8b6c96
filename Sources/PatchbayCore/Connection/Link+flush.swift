internal import NIOCore
internal import PatchbayIO
internal import Synchronization

extension Link: Flushable {
    func flushAtEndOfTick() {
        flushPending { side in
            side.scheduled = false
            side.flushes = 0
        } then: {
            releaseOutput(&$0)
        }
    }

    func streamBecameWritable() {
        flushPending {
            $0.blocked = false
        } then: {
            releaseOutput(&$0)
        }
    }

    /// - Parameter releasing: the outgoing buffer is given back where it is empty.
    func flushBeforeWaiting(releasing: Bool = false) {
        let taken = reactor.unscheduleFlush(self)
        flushPending { side in
            if taken { side.scheduled = false }
            side.flushes = 0
        } then: { side in
            if releasing { releaseOutput(&side) }
        }
    }

    /// Sees to it that there is an outgoing buffer.
    @inline(__always)
    func takeOutput(_ side: inout WriteSide) {
        guard !side.holdsBuffer else { return }
        side.out = reactor.takeOutputBuffer()
        side.holdsBuffer = true
    }

    /// Gives the outgoing buffer back while nothing is in it, so that an idle connection holds none.
    func releaseOutput(_ side: inout WriteSide) {
        guard side.holdsBuffer, side.out.readableBytes == 0 else { return }
        side.holdsBuffer = false
        reactor.giveOutputBuffer(side.out)
        side.out = ByteBuffer()
    }

    @inline(__always)
    private func flushPending(_ prepare: (inout WriteSide) -> Void, then finish: (inout WriteSide) -> Void = { _ in }) {
        let waiters = writeSide.withLock { side -> WaiterList in
            prepare(&side)
            side.burst = false
            if !side.isEmpty { flush(&side) }
            finish(&side)
            let over = side.failure != nil || side.shutDown
            return !side.waiters.isEmpty && (over || side.isEmpty || isBelowHighWater(side)) ? side.takeWaiters() : WaiterList()
        }
        waiters.wake(.ready)
    }

    /// Writes until nothing is pending or the stream blocks; then the stream will tell.
    /// - Parameter waiting: false: give up where the stream blocks.
    func flush(_ side: inout WriteSide, waiting: Bool = true) {
        // Asking again before it tells is a lock and a call for each message of a sender that is faster than its peer.
        guard !side.blocked else { return }
        var wrote = false
        seal(&side)
        while !side.isEmpty, side.failure == nil {
            let outcome = write(&side)
            switch outcome {
            case .bytes(let count):
                // A flush into a blocked stream takes nobody's turn.
                if !wrote { side.countFlush() }
                wrote = true
                consume(&side, count)
            case .blocked:
                if !waiting { return }
                if stream.whenWritable(self) {
                    side.blocked = true
                    return
                }
            case .failed(let failure):
                side.failure = Self.failure(failure, .send)
                side.large = nil
                side.out.clear()
                side.sealed?.wire.clear()
            }
        }
        if side.holdsBuffer, side.out.readableBytes == 0 {
            // Its room is used again, unless it has grown out of measure.
            if side.out.storageCapacity > Reactor.largestPooledOutput { releaseOutput(&side) } else { side.out.clear() }
        }
    }

    private func seal(_ side: inout WriteSide) {
        guard let sealed = side.sealed, side.out.readableBytes > 0 else { return }
        do {
            try side.out.withUnsafeReadableBytes { try sealed.sealer.seal($0, into: &sealed.wire) }
        } catch {
            side.failure = PatchbayError.wrapping(error, stage: .encode)
        }
        side.out.clear()
    }

    private func write(_ side: inout WriteSide) -> WriteOutcome {
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        if let sealed = side.sealed { return sealed.wire.withUnsafeReadableBytes { stream.write($0, nothing) } }
        if side.packets != nil { return writePacket(&side) }
        guard let large = side.large else { return side.out.withUnsafeReadableBytes { stream.write($0, nothing) } }
        return side.out.withUnsafeReadableBytes { head in large.withUnsafeReadableBytes { stream.write(head, $0) } }
    }

    private func consume(_ side: inout WriteSide, _ count: Int) {
        var count = count
        if let sealed = side.sealed {
            sealed.wire.moveReaderIndex(forwardBy: min(count, sealed.wire.readableBytes))
            if sealed.wire.readableBytes == 0 { sealed.wire.clear(minimumCapacity: 0) } else { Self.reclaim(&sealed.wire) }
            return
        }
        if let packets = side.packets { _ = packets.sizes.popFirst() }
        let head = min(count, side.out.readableBytes)
        side.out.moveReaderIndex(forwardBy: head)
        if side.out.readableBytes > 0 { Self.reclaim(&side.out) }
        count -= head
        if count > 0 { side.large?.moveReaderIndex(forwardBy: count) }
        if side.large?.readableBytes == 0 { side.large = nil }
    }

    /// Output that is never quite empty, because the peer is slower than the sender, would grow by all that passes.
    private static func reclaim(_ buffer: inout ByteBuffer) {
        if buffer.readerIndex >= 262_144, buffer.readerIndex >= buffer.readableBytes { buffer.discardReadBytes() }
    }

    /// What a failed system call means to an application.
    static func failure(_ failure: IOFailure, _ stage: PatchbayError.Stage) -> PatchbayError {
        let gone = failure.errno == SystemErrors.connectionReset || failure.errno == SystemErrors.brokenPipe
        return PatchbayError(
            gone ? .reset : .systemFailure,
            gone ? "the peer is gone: it reset or closed the connection" : "the connection failed",
            stage: stage,
            cause: failure
        )
    }
}
