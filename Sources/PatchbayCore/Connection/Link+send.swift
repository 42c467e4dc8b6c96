internal import NIOCore
internal import PatchbayIO
internal import Synchronization

/// What an attempt to send did.
@usableFromInline
enum SendStep {
    /// The connection has it.
    case done
    /// No room: wait under this number.
    case wait(UInt32)
    /// Others have their turn first.
    case turn
}

extension Link {
    /// From here on a message goes by reference instead of being copied.
    static var referenceLimit: Int { 16_384 }
    /// So much waiting output is flushed at once.
    private static var inlineFlushBytes: Int { 65_536 }
    private static var flushesPerTurn: Int { 16 }

    func trySend(_ message: ByteBuffer) throws -> SendStep {
        guard settings.canSend else {
            throw PatchbayError(.wrongDirection, "this end only receives; send at the other end", stage: .send)
        }
        guard message.readableBytes <= settings.maximumMessageBytes else {
            throw PatchbayError(
                .messageTooLarge,
                "the message has \(message.readableBytes) bytes, and at most \(settings.maximumMessageBytes) are allowed; raise max-message at both ends",
                stage: .send
            )
        }
        if settings.checksBodies, settings.processors.isEmpty {
            try message.withUnsafeReadableBytes { try settings.framing.check(body: $0) }
        }
        let onReactor = reactor.isCurrent
        var schedule = false
        let step = try writeSide.withLock { side throws -> SendStep in
            if let failure = side.failure { throw failure }
            if side.finished { throw Self.closedForSending() }
            if message.readableBytes > side.largestForPeer {
                throw PatchbayError(
                    .messageTooLarge,
                    "the message has \(message.readableBytes) bytes, and the peer accepts at most \(side.largestForPeer); raise max-message there",
                    stage: .send
                )
            }
            if !isBelowHighWater(side) {
                flush(&side)
                if let failure = side.failure { throw failure }
                if !isBelowHighWater(side) {
                    return .wait(nextCall())
                }
            }
            if onReactor, side.flushes >= Self.flushesPerTurn {
                side.flushes = 0
                return .turn
            }
            if side.processors.isEmpty {
                try enqueue(&side, message)
            } else {
                for processed in try process(&side, message) { try enqueue(&side, processed) }
            }
            let first = !side.burst
            side.burst = true
            // Off the reactor the first message goes out at once, and those that follow it together.
            if side.large != nil || side.out.readableBytes >= Self.inlineFlushBytes || (!onReactor && first) {
                flush(&side)
                if let failure = side.failure { throw failure }
                // Nobody comes by again: neither a tick's end nor, most often, this connection's own wait.
                if !side.scheduled, !onReactor || !owner.isCurrent { releaseOutput(&side) }
            } else if !side.scheduled {
                side.scheduled = true
                schedule = true
            }
            return .done
        }
        if schedule { reactor.scheduleFlush(self) }
        return step
    }

    @inline(__always)
    func isBelowHighWater(_ side: borrowing WriteSide) -> Bool { side.large == nil && side.pendingBytes < settings.highWaterBytes }

    /// Appends one frame to the outgoing bytes.
    private func enqueue(_ side: inout WriteSide, _ message: ByteBuffer) throws {
        takeOutput(&side)
        let count = message.readableBytes
        if let prefix = settings.lengthPrefix, count <= prefix.largestBody, count <= Self.referenceLimit, !settings.hasTrailer {
            return Self.append(message, prefix.width, to: &side.out)
        }
        let start = side.out.writerIndex
        if side.packets != nil { return try enqueuePacket(&side, message) }
        do {
            if count > settings.largestFragment, let framing = settings.framing as? LengthFraming {
                try enqueueFragments(&side, message, framing)
                return
            }
            try settings.framing.writeHeader(bodyBytes: count, into: &side.out)
            if count > Self.referenceLimit, !settings.hasTrailer, side.sealed == nil, side.large == nil {
                side.large = message
                return
            }
            side.out.writeImmutableBuffer(message)
            if settings.hasTrailer { settings.framing.writeTrailer(into: &side.out) }
        } catch {
            side.out.moveWriterIndex(to: start)
            throw error
        }
    }

    /// Length and body in one piece.
    @inline(__always)
    private static func append(_ message: borrowing ByteBuffer, _ width: LengthPrefix.Width, to out: inout ByteBuffer) {
        message.withUnsafeReadableBytes { body in
            let header = width == .four ? 4 : 8
            _ = out.writeWithUnsafeMutableBytes(minimumWritableBytes: header + body.count) { room in
                switch width {
                case .four: room.storeBytes(of: UInt32(truncatingIfNeeded: body.count).bigEndian, as: UInt32.self)
                case .eight: room.storeBytes(of: UInt64(truncatingIfNeeded: body.count).bigEndian, as: UInt64.self)
                }
                UnsafeMutableRawBufferPointer(rebasing: room[header...]).copyMemory(from: body)
                return header + body.count
            }
        }
    }

    private func enqueueFragments(_ side: inout WriteSide, _ message: ByteBuffer, _ framing: LengthFraming) throws {
        var rest = message
        while let fragment = rest.readSlice(length: min(rest.readableBytes, framing.largestFragment)), fragment.readableBytes > 0 {
            try framing.writeHeader(bodyBytes: fragment.readableBytes, moreFollow: rest.readableBytes > 0, into: &side.out)
            side.out.writeImmutableBuffer(fragment)
        }
    }

    private func process(_ side: inout WriteSide, _ message: ByteBuffer) throws -> [ByteBuffer] {
        let messages = try ProcessorChain.run(
            messages: [message],
            through: &side.processors,
            maximum: settings.maximumMessageBytes
        )
        if settings.checksBodies {
            for message in messages { try message.withUnsafeReadableBytes { try settings.framing.check(body: $0) } }
        }
        return messages
    }

    static func closedForSending() -> PatchbayError {
        PatchbayError(.closed, "the connection was closed for sending at this end", stage: .send)
    }
}
