internal import NIOCore
internal import PatchbayIO
internal import Synchronization

/// A connection that nobody has for the moment.
struct HandedConnection: ~Copyable {
    var state: HandedState
    var socket: OwnedDescriptor
    /// One that came, and that nobody took.
    var descriptor: OwnedDescriptor?
}

extension Link {
    // MARK: - Giving up

    /// Gives the connection up, and leaves the stream as it is; calls that wait throw `closed`.
    /// - Parameter limit: of what it holds, in bytes.
    /// - Throws: ``PatchbayError``, and the connection goes on.
    func giveUp(limit: Int) throws -> HandedConnection {
        guard let stack = settings.stack, let socket = stream as? SocketStream else {
            throw Self.unmovable("no socket stands alone below it")
        }
        guard settings.streamProcessors.isEmpty else { throw Self.unmovable("its stream processors have a state of their own") }
        var state = HandedState(stack: try stack.handOverURL().text, largestForPeer: .max)
        var descriptor: OwnedDescriptor?
        let over = PatchbayError(.closed, "the connection was handed over to another process", stage: .close)
        let (writers, readers) = try writeSide.withLock { write throws in
            if let failure = write.failure { throw failure }
            guard write.finished == write.shutDown else { throw Self.unmovable("it is being closed") }
            flush(&write, waiting: false)
            if let failure = write.failure { throw failure }
            state.hasFinished = write.shutDown
            state.largestForPeer = write.largestForPeer
            state.unsent = write.out
            if let large = write.large { state.unsent.writeImmutableBuffer(large) }
            let readers = try readSide.withLock { read throws in
                if let failure = read.failure { throw failure }
                guard read.sealed == nil else {
                    throw Self.unmovable("what secures it has keys and counts of its own, which stay in this process")
                }
                try state.copy(read)
                guard state.weight <= limit else { throw HandedState.tooLarge(UInt64(state.weight), limit, .send) }
                guard releaseStream() else { throw PatchbayError(.closed, "the connection is closed", stage: .send) }
                descriptor = state.takeDescriptor(read)
                read.form = .plain
                read.ready = []
                read.fragments = []
                read.buffer.clear()
                read.releaseBuffers(reactor)
                read.fail(over)
                return read.waiters.takeAll()
            }
            write.failure = over
            write.large = nil
            write.out.clear()
            releaseOutput(&write)
            return (write.takeWaiters(), readers)
        }
        let number = socket.takeSocket()
        writers.wake(.ready)
        wakeReaders(readers)
        guard let number else { throw over }
        return HandedConnection(state: state, socket: OwnedDescriptor(number), descriptor: descriptor)
    }

    private static func unmovable(_ why: String) -> PatchbayError {
        PatchbayError(.unsupported, "this connection cannot be handed over: \(why)", stage: .send)
    }

    // MARK: - Going on

    /// Goes on where another process stopped; before anything else.
    func resume(_ state: HandedState, _ descriptor: consuming OwnedDescriptor?) throws {
        try start(OpeningResult(offer: PeerOffer(), peerLargestMessage: state.largestForPeer))
        let schedule = writeSide.withLock { side in
            if state.hasFinished {
                side.finished = true
                side.saidClose = true
                side.shutDown = true
            }
            guard state.unsent.readableBytes > 0 else { return false }
            takeOutput(&side)
            side.appendRaw(state.unsent)
            guard !side.scheduled else { return false }
            side.scheduled = true
            return true
        }
        if schedule { reactor.scheduleFlush(self) }
        var descriptor = descriptor
        readSide.withLock { side in
            side.buffer = ByteBuffer(bytes: state.unread.readableBytesView)
            side.holdsBuffer = side.buffer.readableBytes > 0
            side.ready = state.ready
            side.ended = state.hasEnded
            side.heardClose = state.heardClose
            guard let inbox = side.descriptors else { return }
            inbox.begin(with: side.buffer.readableBytes)
            if let descriptor = descriptor.take(), let place = state.descriptorPlace { inbox.restore(descriptor, at: place) }
        }
    }
}

extension HandedState {
    /// Takes what a connection has received and not given out.
    mutating func copy(_ side: borrowing ReadSide) throws {
        hasEnded = side.ended
        heardClose = side.heardClose
        ready = side.ready
        // What was joined of a message's fragments becomes fragments again.
        var fragments = side.fragments.first ?? ByteBuffer()
        let framing = LengthFraming()
        while fragments.readableBytes > 0,
            let fragment = fragments.readSlice(length: min(fragments.readableBytes, framing.largestFragment))
        {
            try framing.writeHeader(bodyBytes: fragment.readableBytes, moreFollow: true, into: &unread)
            unread.writeImmutableBuffer(fragment)
        }
        unread.writeImmutableBuffer(side.buffer)
    }

    /// Takes the descriptor that has come, where there is one, and says where it stands.
    mutating func takeDescriptor(_ side: borrowing ReadSide) -> OwnedDescriptor? {
        guard let inbox = side.descriptors else { return nil }
        if let next = inbox.next.take() {
            descriptorPlace = 0
            return next
        }
        let ahead = unread.readableBytes - side.buffer.readableBytes
        guard let distance = inbox.distance(unread: side.buffer.readableBytes), distance > 0, case .one(let one)? = inbox.takeArrival()
        else {
            return nil
        }
        descriptorPlace = ahead + distance
        return one
    }
}
