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
    /// Where a listener keeps it among those that it runs.
    let place = Atomic<UInt32>(0)
    /// The reactor will look at the deadlines then, or before; `.max`: it will not.
    let armedUntil = Atomic<UInt64>(.max)
    let owner = ConnectionOwner()
    // The small ones fill up what the owner leaves of its last word.
    /// How far the connection's life has come, as a ``Connection/State``.
    let stage = Atomic<UInt8>(0)
    /// The stream was closed, or given away to linger.
    private let released = Atomic<Bool>(false)
    /// The framing marks no messages, and the medium keeps packets apart: each message is one.
    let keepsPackets: Bool
    private let lastCall = Atomic<UInt32>(0)
    /// Nil for every other connection than one that keeps packets.
    var packets: (any PacketStream)? { keepsPackets ? stream.packets : nil }

    init(stream: any ByteStream, settings: ConnectionSettings) throws {
        self.stream = stream
        reactor = stream.reactor
        self.settings = settings
        // What processes the stream has no use for packets.
        keepsPackets = !settings.framing.keepsBoundaries && settings.streamProcessors.isEmpty && stream.packets != nil
        var reading = ReadSide(
            decoder: settings.framing.makeDecoder(),
            processors: try settings.processors.reversed().map { try $0.makeDecoder() }
        )
        if keepsPackets { reading.form = .packets }
        if settings.takesDescriptors { reading.form = .carrying(try DescriptorInbox(stream, settings)) }
        readSide = Locked(reading)
        var writing = WriteSide(processors: try settings.processors.map { try $0.makeEncoder() })
        if keepsPackets { writing.keepPackets() }
        writeSide = Locked(writing)
    }

    /// The peer has sent something in its handshake.
    var hasHeard: Bool { readSide.withLock { $0.hasHeard } }

    /// What a call that suspends is known by.
    func nextCall() -> UInt32 { lastCall.wrappingAdd(1, ordering: .relaxed).newValue }

    /// Says, once, that the stream is the caller's to close.
    func releaseStream() -> Bool { !released.exchange(true, ordering: .acquiringAndReleasing) }

    /// Closes at once; what is pending goes as far as the system takes it.
    func drop() {
        guard releaseStream() else { return }
        let writers = writeSide.withLock { side in
            // A last attempt, whatever the stream said before.
            side.blocked = false
            if !side.isEmpty, side.failure == nil { flush(&side, waiting: false) }
            side.finished = true
            side.shutDown = true
            releaseOutput(&side)
            return side.takeWaiters()
        }
        stream.close(abort: false)
        let readers = readSide.withLock { side in
            side.releaseBuffers(reactor)
            side.dropDescriptors()
            side.ended = true
            side.finished = true
            return side.waiters.takeAll()
        }
        writers.wake(.ready)
        wakeReaders(readers)
    }

    /// Closes at once and resets the stream: the peer must not take what came for the whole.
    func abort(_ error: PatchbayError) {
        guard releaseStream() else { return }
        // Before the stream says that it ended: whoever wakes must find the failure.
        let writers = writeSide.withLock { side in
            if side.failure == nil { side.failure = error }
            return side.takeWaiters()
        }
        let readers = readSide.withLock { side in
            side.dropDescriptors()
            side.fail(error)
            return side.waiters.takeAll()
        }
        stream.close(abort: true)
        writers.wake(.ready)
        wakeReaders(readers)
    }
}
