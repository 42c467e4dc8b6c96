internal import NIOCore
internal import PatchbayIO

/// The sending half of a connection; reached under its lock.
struct WriteSide {
    /// Frames in order, not yet sealed.
    var out = ByteBuffer()
    /// `out` is one of the reactor's.
    var holdsBuffer = false
    /// Where each message is a packet: their sizes in `out`, in order; nil for every other connection.
    var packetSizes: CircularBuffer<Int>?
    /// One message by reference, behind `out`.
    var large: ByteBuffer?
    /// With a transform on the stream: sealed bytes, and what seals.
    var sealed = ByteBuffer()
    var sealer: (any StreamSealer)?
    /// There is a sealer; kept apart because looking into an existential costs.
    var isSealed = false
    var processors: [any ProcessorStep]
    /// The largest message that the peer accepts, in bytes.
    var largestForPeer = Int.max
    /// The reactor will flush at the end of its tick.
    var scheduled = false
    /// The end was asked for: nothing more may be sent.
    var finished = false
    /// The greeting's last frame, CLOSE, was written.
    var saidClose = false
    /// The record that ends a sealed stream was written.
    var sealedEnd = false
    /// The stream's writing half was shut down.
    var shutDown = false
    /// A `PatchbayError`, boxed: most connections never have one, and it is large.
    var failure: (any Error)?
    /// Calls that wait for room.
    var waiters = WaiterList()
    /// Calls that wait until nothing is pending.
    var drainers = WaiterList()
    var lastID: UInt64 = 0
    var armedUntil = UInt64.max
    /// Messages since the last flush from a task that is not on the reactor.
    var burst = 0
    /// Flushes since the last turn of others.
    var flushes = 0

    init(processors: [any ProcessorStep]) { self.processors = processors }

    /// Bytes that wait, a large message apart.
    var pendingBytes: Int { out.readableBytes + sealed.readableBytes }
    var isEmpty: Bool { out.readableBytes == 0 && sealed.readableBytes == 0 && large == nil }
}

extension WriteSide {
    /// Appends what is no message; where packets are kept apart, it is one all the same.
    mutating func appendRaw(_ bytes: ByteBuffer) {
        out.writeImmutableBuffer(bytes)
        packetSizes?.append(bytes.readableBytes)
    }

    var nextDeadline: UInt64 { min(waiters.nextDeadline, drainers.nextDeadline) }

    /// All calls that wait, because the side is over.
    mutating func takeAllWaiters() -> (WaiterList, WaiterList) { (waiters.takeAll(), drainers.takeAll()) }
}
