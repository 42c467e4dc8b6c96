internal import NIOCore
internal import PatchbayIO

/// The sending half of a connection; reached under its lock.
struct WriteSide {
    /// Frames in order, not yet sealed.
    var out = ByteBuffer()
    /// Where each message is a packet: their sizes in `out`, in order; nil for every other connection.
    var packets: PacketSizes?
    /// One message by reference, behind `out`.
    var large: ByteBuffer?
    /// With a transform on the stream: sealed bytes, and what seals.
    var sealed: SealedOutput?
    var processors: [any ProcessorStep]
    /// The largest message that the peer accepts, in bytes.
    var largestForPeer = Int.max
    /// `out` is one of the reactor's.
    var holdsBuffer = false
    /// The stream takes nothing now, and will tell when it does again.
    var blocked = false
    /// The reactor will flush at the end of its tick.
    var scheduled = false
    /// The end was asked for: nothing more may be sent.
    var finished = false
    /// The greeting's last frame, CLOSE, was written.
    var saidClose = false
    /// The stream's writing half was shut down.
    var shutDown = false
    /// A `PatchbayError`, boxed: most connections never have one, and it is large.
    var failure: (any Error)?
    /// Calls that wait for room.
    var waiters: [Waiter] = []
    /// Calls that wait until nothing is pending.
    var drainers: [Waiter] = []
    var armedUntil = UInt64.max
    /// Messages since the last flush from a task that is not on the reactor.
    var burst: UInt32 = 0
    /// Flushes since the last turn of others.
    var flushes: UInt32 = 0

    init(processors: [any ProcessorStep]) { self.processors = processors }

    /// Bytes that wait, a large message apart.
    var pendingBytes: Int { out.readableBytes + (sealed?.wire.readableBytes ?? 0) }
    var isEmpty: Bool { pendingBytes == 0 && large == nil }
}

extension WriteSide {
    /// Appends what is no message; where packets are kept apart, it is one all the same.
    mutating func appendRaw(_ bytes: ByteBuffer) {
        out.writeImmutableBuffer(bytes)
        packets?.sizes.append(bytes.readableBytes)
    }

    var nextDeadline: UInt64 { WaiterList(waiters + drainers).nextDeadline }

    /// The calls that wait for room.
    mutating func takeWaiters() -> WaiterList {
        guard !waiters.isEmpty else { return WaiterList() }
        let all = WaiterList(waiters)
        waiters = []
        return all
    }

    /// The calls that wait until nothing is pending.
    mutating func takeDrainers() -> WaiterList {
        guard !drainers.isEmpty else { return WaiterList() }
        let all = WaiterList(drainers)
        drainers = []
        return all
    }

    mutating func removeWaiter(_ id: UInt32) -> Waiter? {
        if let index = waiters.firstIndex(where: { $0.id == id }) { return waiters.remove(at: index) }
        return drainers.firstIndex { $0.id == id }.map { drainers.remove(at: $0) }
    }

    /// Those whose deadline has come.
    mutating func takeDue(_ now: UInt64) -> WaiterList {
        let due = WaiterList((waiters + drainers).filter { $0.deadline <= now })
        waiters.removeAll { $0.deadline <= now }
        drainers.removeAll { $0.deadline <= now }
        return due
    }

    /// All calls that wait, because the side is over.
    mutating func takeAllWaiters() -> (WaiterList, WaiterList) { (takeWaiters(), takeDrainers()) }
}

/// The sending half of a transform on the stream; reached under the lock of its side. A reference: most connections have none.
final class SealedOutput {
    /// Bytes as they go.
    var wire = ByteBuffer()
    var sealer: any StreamSealer
    /// The record that ends the stream was written.
    var saidEnd = false

    init(_ sealer: any StreamSealer) { self.sealer = sealer }
}

/// The sizes of packets that wait; reached under the lock of their side.
final class PacketSizes {
    var sizes = CircularBuffer<Int>()
}
