public import NIOCore
internal import PatchbayIO
internal import Synchronization

/// What a look for the next message found.
enum ReceiveStep {
    case message(ByteBuffer)
    /// For this end of the connection, not for the application.
    case control(ByteBuffer)
    /// The peer ended in order.
    case end
    /// Wait under this number.
    case wait(UInt32)
    /// Others have their turn first.
    case turn
    /// Flush what was sent, and look again.
    case flush
}

/// What a call that receives does next.
@usableFromInline
enum Received {
    /// Nil: the peer ended in order.
    case message(ByteBuffer?)
    /// What was sent has left; wait under this number, in place where that is still possible.
    case wait(UInt32, inPlace: Bool)
    /// Others have their turn first.
    case turn
}

extension Link {
    /// The next message, as far as that takes no waiting.
    /// - Parameter mayStay: the caller may wait in place: without a deadline, and not on an actor.
    // Not inlined: the calling task would keep room for all of it.
    @inline(never)
    func receive(maximum: Int, mayStay: Bool) throws -> Received {
        while true {
            switch try nextMessage(maximum: maximum) {
            case .message(let message): return .message(message)
            case .control(let control): try answer(control)
            case .end: return .message(nil)
            case .turn: return .turn
            case .flush: flushBeforeWaiting()
            case .wait(let id):
                let inPlace = mayStay && reactor.isFree(but: owner.currentTask)
                flushBeforeWaiting(releasing: !inPlace)
                return .wait(id, inPlace: inPlace)
            }
        }
    }

    /// Lets others have their turn.
    nonisolated(nonsending) func takeTurn() async throws {
        await reactor.yieldTurn()
        try Task.checkCancellation()
    }

    /// How many messages or reads one connection has before others have their turn.
    private static var messagesPerTurn: Int { 1024 }
    private static var readsPerTurn: Int { 16 }

    func nextMessage(maximum: Int = .max, taking: Bool = true, readingMore: Bool = true) throws -> ReceiveStep {
        guard settings.canReceive else {
            throw PatchbayError(.wrongDirection, "this end only sends; receive at the other end", stage: .receive)
        }
        return try readSide.withLock { side throws -> ReceiveStep in
            while true {
                if let step = try complete(&side, maximum: maximum, taking: taking) { return step }
                if let failure = side.failure { throw failure }
                // Finished before the stream has ended: closed at this end.
                if side.ended || side.finished {
                    side.finished = true
                    return .end
                }
                guard readingMore else { return .turn }
                if !side.hasRead {
                    // A request was just sent, most often, without which there is nothing to read.
                    side.hasRead = true
                    return .flush
                }
                if side.reads >= Self.readsPerTurn || side.served >= Self.messagesPerTurn {
                    side.reads = 0
                    side.served = 0
                    return .turn
                }
                if !fill(&side) {
                    side.reads = 0
                    return .wait(nextCall())
                }
            }
        }
    }

    /// Exactly so many bytes of a stream without boundaries.
    func nextBytes(_ count: Int) throws -> ReceiveStep {
        guard settings.canReceive else {
            throw PatchbayError(.wrongDirection, "this end only sends; receive at the other end", stage: .receive)
        }
        return try readSide.withLock { side throws -> ReceiveStep in
            if side.finished, side.failure == nil { return .end }
            // What a look before took out comes first.
            if !side.ready.isEmpty {
                var joined = ByteBuffer()
                for piece in side.ready { joined.writeImmutableBuffer(piece) }
                joined.writeImmutableBuffer(side.buffer)
                side.ready = []
                side.buffer = joined
                side.lent = false
            }
            while true {
                if let bytes = side.buffer.readSlice(length: count) {
                    side.lent = true
                    side.needed = 0
                    return .message(bytes)
                }
                if let failure = side.failure { throw failure }
                if side.ended {
                    guard side.buffer.readableBytes > 0 else { return .end }
                    var error = PatchbayError(
                        .truncated,
                        "the stream ended after \(side.buffer.readableBytes) of \(count) bytes",
                        stage: .receive
                    )
                    error.payload = side.buffer
                    side.buffer = ByteBuffer()
                    throw error
                }
                side.needed = count
                if let step = readOn(&side) { return step }
            }
        }
    }

    /// Reads once, unless something else comes first.
    func readOn(_ side: inout ReadSide) -> ReceiveStep? {
        if !side.hasRead {
            side.hasRead = true
            return .flush
        }
        if side.reads >= Self.readsPerTurn {
            side.reads = 0
            return .turn
        }
        if !fill(&side) {
            side.reads = 0
            return .wait(nextCall())
        }
        return nil
    }

    /// What is there already: a message, a control frame, or the end.
    func complete(_ side: inout ReadSide, maximum: Int, taking: Bool) throws -> ReceiveStep? {
        while true {
            if let first = side.ready.first {
                if first.readableBytes > maximum { throw Self.tooLarge(first.readableBytes, maximum) }
                if taking { side.ready.removeFirst() }
                return .message(first)
            }
            if let inbox = side.descriptors, try isDescriptorNext(&side, inbox) { throw DescriptorInbox.comesFirst() }
            guard side.failure == nil, side.buffer.readableBytes >= side.needed || side.ended, !side.finished else { return nil }
            let scan: FrameScan
            do {
                scan = try Self.scan(&side.decoder, side.buffer, atEnd: side.ended, maximum: settings.maximumMessageBytes)
            } catch let error as PatchbayError {
                side.fail(error)
                throw error
            }
            switch scan {
            case .need(let count):
                side.needed = max(count, side.buffer.readableBytes + 1)
                return nil
            case .end:
                return nil
            case .frame(let header, let body, let trailer):
                let message = try cut(&side, header, body, trailer)
                side.countMessage()
                if side.processors.isEmpty, side.fragments.isEmpty, taking, message.readableBytes <= maximum { return .message(message) }
                try deliver(&side, message)
            case .fragment(let header, let body, let trailer):
                let fragment = try cut(&side, header, body, trailer)
                try join(&side, fragment)
            case .control(let header, let body, let trailer):
                let frame = try cut(&side, header, body, trailer)
                guard let inbox = side.descriptors, try announces(frame, &side, inbox) else { return .control(frame) }
            }
        }
    }

    /// Apart from `side`, whose decoder changes while its buffer is read.
    @inline(__always)
    private static func scan(
        _ decoder: inout any FrameDecoder,
        _ buffer: borrowing ByteBuffer,
        atEnd: Bool,
        maximum: Int
    ) throws -> FrameScan {
        try buffer.withUnsafeReadableBytes { try decoder.scan($0, atEnd: atEnd, maximum: maximum) }
    }

    @inline(__always)
    private func cut(_ side: inout ReadSide, _ header: Int, _ body: Int, _ trailer: Int) throws -> ByteBuffer {
        side.needed = 0
        side.buffer.moveReaderIndex(forwardBy: header)
        guard let message = side.buffer.readSlice(length: body), side.buffer.readableBytes >= trailer else {
            let error = PatchbayError(.protocolViolation, "the framing found a frame beyond the bytes it was given", stage: .receive)
            side.fail(error)
            throw error
        }
        side.buffer.moveReaderIndex(forwardBy: trailer)
        side.lent = true
        return message
    }

    private func join(_ side: inout ReadSide, _ fragment: ByteBuffer) throws {
        var whole = side.fragments.popLast() ?? ByteBuffer()
        let total = whole.readableBytes + fragment.readableBytes
        guard total <= settings.maximumMessageBytes else {
            let error = Self.tooLarge(total, settings.maximumMessageBytes)
            side.fail(error)
            throw error
        }
        whole.writeImmutableBuffer(fragment)
        side.fragments.append(whole)
    }

    /// Passes a message through the processors and puts what comes of it among the ready ones.
    func deliver(_ side: inout ReadSide, _ message: ByteBuffer) throws {
        var messages = [message]
        if !side.fragments.isEmpty {
            try join(&side, message)
            messages = side.fragments
            side.fragments = []
        }
        messages = try ProcessorChain.run(messages: messages, through: &side.processors, maximum: settings.maximumMessageBytes)
        side.ready.append(contentsOf: messages)
    }

    /// Reads once.
    /// - Returns: false where there is nothing to read now.
    func fill(_ side: inout ReadSide) -> Bool {
        switch side.form {
        case .plain: break
        case .packets: return fillWithPacket(&side)
        case .sealed(let sealed): return fillThroughTransform(sealed, &side)
        case .carrying(let inbox): return fill(&side, inbox)
        }
        let room = side.makeRoom(reactor)
        switch stream.read(into: &side.buffer, upTo: room) {
        case .bytes: side.countRead()
        case .blocked: return false
        case .end: side.ended = true
        case .failed(let failure): side.fail(Self.failure(failure, .receive))
        }
        return true
    }

    /// Opens sealed bytes, reading more where they are not a whole record.
    private func fillThroughTransform(_ sealed: SealedInput, _ side: inout ReadSide) -> Bool {
        while true {
            let room = side.makeRoom(reactor)
            do {
                switch try sealed.opener.open(&sealed.wire, into: &side.buffer, upTo: room) {
                case .bytes: return true
                case .end:
                    side.ended = true
                    return true
                case .need: break
                }
            } catch {
                side.fail(error)
                return true
            }
            if sealed.wire.storageCapacity == 0 { sealed.wire = reactor.takeReadBuffer() }
            if sealed.wire.readableBytes == 0 {
                sealed.wire.clear()
            } else if sealed.wire.writableBytes < 4096 {
                sealed.wire.discardReadBytes()
            }
            switch stream.read(into: &sealed.wire, upTo: max(sealed.wire.writableBytes, 4096)) {
            case .bytes: side.countRead()
            case .blocked: return false
            case .end where !sealed.opener.endsWithRecord:
                side.ended = true
                do {
                    try sealed.opener.finish(into: &side.buffer)
                } catch {
                    side.fail(error)
                }
                return true
            case .end:
                side.fail(
                    PatchbayError(
                        .truncated,
                        "the stream ended without the authenticated end that this stack promises: bytes may be missing",
                        stage: .receive
                    )
                )
                return true
            case .failed(let failure):
                side.fail(Self.failure(failure, .receive))
                return true
            }
        }
    }

    static func tooLarge(_ bytes: Int, _ maximum: Int) -> PatchbayError {
        PatchbayError(
            .messageTooLarge,
            "a message of \(bytes) bytes came where at most \(maximum) are allowed; raise the limit if that is intended",
            stage: .receive
        )
    }
}
