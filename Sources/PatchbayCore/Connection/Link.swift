internal import NIOCore
internal import PatchbayIO
internal import Synchronization

/// Messages over one stream: the machinery of a ``Connection``, which may come to outlive the stream.
final class Link: Sendable {
    let stream: any ByteStream
    /// The stream's, which would be a call through its protocol.
    let reactor: Reactor
    let settings: ConnectionSettings
    // Where both are taken, the writing side comes first.
    let writeSide: Locked<WriteSide>
    let readSide: Locked<ReadSide>
    let owner = ConnectionOwner()
    /// The framing puts something behind a body, which then cannot go by reference.
    let hasTrailer: Bool
    /// A longer message goes in several frames, in bytes.
    let largestFragment: Int
    /// The framing marks no messages, and the medium keeps packets apart: each message is one. Nil for every other connection.
    let packets: (any PacketStream)?

    init(stream: any ByteStream, settings: ConnectionSettings) throws {
        self.stream = stream
        reactor = stream.reactor
        self.settings = settings
        largestFragment = (settings.framing as? LengthFraming)?.largestFragment ?? .max
        var trailer = ByteBuffer()
        settings.framing.writeTrailer(into: &trailer)
        hasTrailer = trailer.readableBytes > 0
        // What processes the stream has no use for packets.
        packets = settings.framing.keepsBoundaries || !settings.streamProcessors.isEmpty ? nil : stream.packets
        var reading = ReadSide(
            decoder: settings.framing.makeDecoder(),
            processors: try settings.processors.reversed().map { try $0.makeDecoder() }
        )
        reading.isIndirect = packets != nil
        readSide = Locked(reading)
        var writing = WriteSide(processors: try settings.processors.map { try $0.makeEncoder() })
        if packets != nil { writing.packetSizes = CircularBuffer() }
        writeSide = Locked(writing)
    }

    /// The peer has sent something in its handshake.
    var hasHeard: Bool { readSide.withLock { $0.hasHeard } }

    /// The stream was closed, or given away to linger.
    private let released = Atomic<Bool>(false)

    /// Says, once, that the stream is the caller's to close.
    func releaseStream() -> Bool { !released.exchange(true, ordering: .acquiringAndReleasing) }

    /// Closes at once; what is pending goes as far as the system takes it.
    func drop() {
        guard releaseStream() else { return }
        let writers = writeSide.withLock { side in
            if !side.isEmpty, side.failure == nil { flush(&side, waiting: false) }
            side.finished = true
            side.shutDown = true
            releaseOutput(&side)
            return side.takeAllWaiters()
        }
        stream.close(abort: false)
        let readers = readSide.withLock { side in
            side.releaseBuffers(reactor)
            side.ended = true
            side.finished = true
            return side.waiters.takeAll()
        }
        writers.0.wake(.ready)
        writers.1.wake(.ready)
        wakeReaders(readers)
    }

    /// Closes at once and resets the stream: the peer must not take what came for the whole.
    func abort(_ error: PatchbayError) {
        guard releaseStream() else { return }
        // Before the stream says that it ended: whoever wakes must find the failure.
        let writers = writeSide.withLock { side in
            if side.failure == nil { side.failure = error }
            return side.takeAllWaiters()
        }
        let readers = readSide.withLock { side in
            side.fail(error)
            return side.waiters.takeAll()
        }
        stream.close(abort: true)
        writers.0.wake(.ready)
        writers.1.wake(.ready)
        wakeReaders(readers)
    }
}
