internal import NIOCore
internal import PatchbayIO

/// The receiving half of a connection; reached under its lock.
struct ReadSide {
    /// Bytes in the clear, not yet cut into messages.
    var buffer = ByteBuffer()
    /// `buffer` is one of the reactor's.
    var holdsBuffer = false
    /// Slices of `buffer` are out: appending to it would copy all of it.
    var lent = false
    /// The peer has sent something before the connection was up.
    var hasHeard = false
    /// The stream was read from since the connection is up.
    var hasRead = false
    /// No more will come from the stream.
    var ended = false
    /// The end came as a CLOSE; the stream's own may be still to come.
    var heardClose = false
    /// The end was told to the application.
    var finished = false
    /// Bytes that must be there before another look for a frame is worth it.
    var needed = 0
    var decoder: any FrameDecoder
    /// How bytes come from the stream into `buffer`.
    var form = InputForm.plain
    /// The beginning of a message that comes in several frames: nothing, or one buffer.
    var fragments: [ByteBuffer] = []
    var processors: [any ProcessorStep]
    /// Messages that are complete: looked at before, or several that came of one.
    var ready: [ByteBuffer] = []
    /// A `PatchbayError`, boxed: most connections never have one, and it is large.
    var failure: (any Error)?
    var waiters = WaiterList()
    /// Work done since the last turn of others.
    var reads: UInt16 = 0
    var served: UInt16 = 0

    // They stay at their largest: a buffer can hold more messages than fit, and all come before the next look.
    mutating func countRead() { if reads < .max { reads += 1 } }
    mutating func countMessage() { if served < .max { served += 1 } }

    init(decoder: any FrameDecoder, processors: [any ProcessorStep]) {
        self.decoder = decoder
        self.processors = processors
    }

    enum InputForm {
        /// As they are.
        case plain
        /// Each read is a packet.
        case packets
        /// With a transform on the stream.
        case sealed(SealedInput)
        /// As they are, with descriptors beside them.
        case carrying(DescriptorInbox)
    }

    /// With a transform on the stream: sealed bytes, and what opens them.
    var sealed: SealedInput? {
        if case .sealed(let sealed) = form { sealed } else { nil }
    }

    /// Where descriptors may come.
    var descriptors: DescriptorInbox? {
        if case .carrying(let inbox) = form { inbox } else { nil }
    }

    /// Closes those that came and that nobody took.
    mutating func dropDescriptors() {
        if case .carrying = form { form = .plain }
    }

    /// Nothing more will be read.
    var isOver: Bool { ended || finished || failure != nil }

    /// Above this a message gets a buffer of its own.
    static let largestPooledFrame = Reactor.readBufferBytes * 3 / 4
    /// A message above this is read up to its end and a little further, so that the next one starts a fresh buffer.
    static let readAheadLimit = 16_384
    static let readAhead = 4_096
    /// What a buffer of its own has at first, unless the message is smaller: it grows with what arrived.
    static let firstLargeBuffer = 1 << 20

    /// Makes room in `buffer` for the next read without ever copying bytes that are lent out.
    /// - Returns: how many bytes to ask for.
    mutating func makeRoom(_ reactor: Reactor) -> Int {
        guard holdsBuffer else {
            buffer = reactor.takeReadBuffer()
            holdsBuffer = true
            lent = false
            return buffer.writableBytes
        }
        let have = buffer.readableBytes
        if have == 0 {
            // Clearing takes new storage where slices are out.
            if buffer.storageCapacity != Reactor.readBufferBytes { buffer = reactor.takeReadBuffer() } else { buffer.clear() }
            lent = false
            return buffer.writableBytes
        }
        let missing = max(needed - have, 1)
        if !lent {
            if buffer.writableBytes >= missing { return amountToRead(missing) }
            // One that has grown is filled before it grows again: a read, or a record that was opened, may be a small part of it.
            if buffer.storageCapacity != Reactor.readBufferBytes, buffer.writableBytes >= Self.readAheadLimit {
                return amountToRead(missing)
            }
            buffer.discardReadBytes()
            if buffer.writableBytes >= missing { return amountToRead(missing) }
        }
        // A torn frame behind lent slices, or one larger than its buffer: its own bytes alone move.
        var fresh: ByteBuffer
        if needed <= Self.largestPooledFrame, have < Self.largestPooledFrame {
            fresh = reactor.takeReadBuffer()
        } else {
            let capacity = max(min(needed + Self.readAhead, max(Self.firstLargeBuffer, 2 * have)), have + Self.readAhead)
            fresh = ByteBufferAllocator().buffer(capacity: capacity)
        }
        fresh.writeImmutableBuffer(buffer)
        // Its slices are let go before it is needed again, most often: without it each large message would cost an allocation.
        reactor.giveReadBuffer(buffer, isLent: true)
        buffer = fresh
        lent = false
        return amountToRead(missing)
    }

    private func amountToRead(_ missing: Int) -> Int {
        needed > Self.readAheadLimit ? min(buffer.writableBytes, missing + Self.readAhead) : buffer.writableBytes
    }

    /// Gives buffers back while nothing is in them, so that an idle connection holds none.
    mutating func releaseBuffers(_ reactor: Reactor) {
        if holdsBuffer, buffer.readableBytes == 0 {
            holdsBuffer = false
            needed = 0
            reactor.giveReadBuffer(buffer)
            buffer = ByteBuffer()
        }
        if let sealed, sealed.wire.readableBytes == 0, sealed.wire.storageCapacity > 0 {
            reactor.giveReadBuffer(sealed.wire)
            sealed.wire = ByteBuffer()
        }
    }

    mutating func fail(_ error: PatchbayError) {
        ended = true
        if failure == nil { failure = error }
    }
}

/// The receiving half of a transform on the stream; reached under the lock of its side. A reference: most connections have none.
final class SealedInput {
    /// Bytes as they came.
    var wire: ByteBuffer
    var opener: any StreamOpener

    init(_ opener: any StreamOpener, wire: ByteBuffer) {
        self.opener = opener
        self.wire = wire
    }
}
