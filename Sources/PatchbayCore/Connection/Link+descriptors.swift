internal import Glibc
internal import NIOCore
internal import PatchbayIO
internal import Synchronization

/// What a look for the next descriptor found.
enum DescriptorStep: ~Copyable {
    case descriptor(OwnedDescriptor)
    /// Something else to do first, as for a message; never a message.
    case other(ReceiveStep)
}

/// Descriptors between messages.
extension Link {
    // MARK: - Receiving

    /// Reads once, with the descriptor that came along.
    func fill(_ side: inout ReadSide, _ inbox: DescriptorInbox) -> Bool {
        let room = side.makeRoom(reactor)
        var arrival: DescriptorArrival?
        switch inbox.socket.read(into: &side.buffer, upTo: room, &arrival) {
        case .bytes(let count):
            side.countRead()
            inbox.note(count, arrival.take())
        case .blocked: return false
        case .end: side.ended = true
        case .failed(let failure): side.fail(Self.failure(failure, .receive))
        }
        return true
    }

    /// Whether a descriptor comes before the next message, as far as is known by now.
    func isDescriptorNext(_ side: inout ReadSide, _ inbox: DescriptorInbox) throws -> Bool {
        if inbox.next != nil { return true }
        // It came in the middle of a message that was read off meanwhile.
        if let distance = inbox.distance(unread: side.buffer.readableBytes), distance <= 0 { _ = inbox.takeArrival() }
        guard inbox.mark == .byte, inbox.distance(unread: side.buffer.readableBytes) == 1 else { return false }
        // The byte says how many came, as CPython has it.
        let count = side.buffer.readInteger(as: UInt8.self)
        side.needed = 0
        inbox.next = try claim(inbox.takeArrival(), isMarked: count == 1, &side)
        return true
    }

    /// Takes a control frame that was just read off where it is a descriptor's.
    func announces(_ frame: ByteBuffer, _ side: inout ReadSide, _ inbox: DescriptorInbox) throws -> Bool {
        guard inbox.mark == .frame, frame.getInteger(at: frame.readerIndex) == ControlKind.descriptor.rawValue else { return false }
        // It came with this frame's bytes, or with none of them.
        let frameBytes = LengthFraming.headerBytes + frame.readableBytes
        let distance = inbox.distance(unread: side.buffer.readableBytes) ?? 1
        let arrival = distance <= 0 && distance > -frameBytes ? inbox.takeArrival() : nil
        inbox.next = try claim(arrival, isMarked: frame.readableBytes == 1, &side)
        return true
    }

    private func claim(_ arrival: consuming DescriptorArrival?, isMarked: Bool, _ side: inout ReadSide) throws -> OwnedDescriptor {
        let error: PatchbayError
        switch consume arrival {
        case .one(let descriptor)?:
            if isMarked { return descriptor }
            error = Self.violation("the peer sent a descriptor with bytes that do not say so")
        case .several(let count)?: error = Self.violation("the peer sent \(count) descriptors where one is allowed; they were closed")
        case nil: error = Self.violation("the peer announced a descriptor, and none came")
        case .lost?:
            // Not the peer's fault, and the next one may find room.
            throw PatchbayError(
                .tooManyDescriptors,
                "a descriptor came, and this process has no room for it; raise the limit of open descriptors (ulimit -n)",
                stage: .receive
            )
        }
        side.fail(error)
        throw error
    }

    private static func violation(_ what: String) -> PatchbayError { PatchbayError(.protocolViolation, what, stage: .receive) }

    func nextDescriptor() throws -> DescriptorStep {
        guard settings.takesDescriptors else { throw DescriptorInbox.unsupported(.notAsked, stage: .receive) }
        return try readSide.withLock { side throws -> DescriptorStep in
            while true {
                guard let inbox = side.descriptors else {
                    if let failure = side.failure { throw failure }
                    return .other(.end)
                }
                if !side.ready.isEmpty { throw DescriptorInbox.messageComesFirst() }
                if try isDescriptorNext(&side, inbox), let descriptor = inbox.next.take() { return .descriptor(descriptor) }
                if let failure = side.failure { throw failure }
                if let step = try somethingElse(&side, inbox) { return .other(step) }
                if inbox.next != nil { continue }
                if side.ended || side.finished { return .other(.end) }
                if let step = readOn(&side) { return .other(step) }
            }
        }
    }

    /// What stands where a descriptor could.
    private func somethingElse(_ side: inout ReadSide, _ inbox: DescriptorInbox) throws -> ReceiveStep? {
        if inbox.mark == .byte {
            guard side.buffer.readableBytes > 0 else { return nil }
            throw DescriptorInbox.messageComesFirst()
        }
        do {
            let step = try complete(&side, maximum: .max, taking: false)
            if case .message = step { throw DescriptorInbox.messageComesFirst() }
            return step
        } catch  where inbox.next != nil {
            return nil
        }
    }

    // MARK: - Sending

    /// Sends a copy of a descriptor behind all that was sent before.
    func trySendDescriptor(_ descriptor: CInt) throws -> SendStep {
        guard settings.takesDescriptors, let socket = stream as? SocketStream else {
            throw DescriptorInbox.unsupported(.notAsked, stage: .send)
        }
        guard settings.canSend else { throw Self.closedForSending() }
        let mark = try Self.mark(settings)
        return try writeSide.withLock { side throws -> SendStep in
            if let failure = side.failure { throw failure }
            if side.finished { throw Self.closedForSending() }
            flush(&side)
            if let failure = side.failure { throw failure }
            while side.isEmpty, !side.blocked {
                switch socket.write(mark, carrying: descriptor) {
                case .bytes(let count):
                    // So few bytes go together or not at all, as far as is known.
                    if count < mark.count {
                        takeOutput(&side)
                        side.appendRaw(ByteBuffer(bytes: mark[count...]))
                        flush(&side)
                    }
                    return .done
                case .blocked: if stream.whenWritable(self) { side.blocked = true }
                case .failed(let failure): throw refused(failure, descriptor, &side)
                }
            }
            return .wait(nextCall())
        }
    }

    private static func mark(_ settings: ConnectionSettings) throws -> [UInt8] {
        switch DescriptorInbox.mark(settings) {
        case .byte: return [1]
        case .frame:
            var frame = ByteBuffer()
            try LengthFraming().writeControl(.descriptor, into: &frame)
            return Array(frame.readableBytesView)
        }
    }

    /// What a failed attempt to send a descriptor means; unless the stream failed, the connection goes on.
    private func refused(_ failure: IOFailure, _ descriptor: CInt, _ side: inout WriteSide) -> any Error {
        switch failure.errno {
        case EBADF:
            return PatchbayError(.invalidArgument, "\(descriptor) is no open descriptor", stage: .send, cause: failure)
        case ETOOMANYREFS:
            return PatchbayError(
                .limitExceeded,
                "this user has as many descriptors on their way as it may have; let the peer receive some first",
                stage: .send,
                cause: failure
            )
        default:
            let error = Self.failure(failure, .send)
            side.failure = error
            return error
        }
    }
}
