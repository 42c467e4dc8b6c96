internal import NIOCore
internal import PatchbayIO

/// The sending half of a connection; reached under its lock.
struct WriteSide {
    /// Frames in order, not yet sealed.
    var out = ByteBuffer()
    /// One message by reference, behind `out`.
    var large: ByteBuffer?
    private var form = OutputForm.plain
    var processors: [any ProcessorStep]
    /// The largest message that the peer accepts, in bytes.
    var largestForPeer = Int.max
    // What is small stands together: each idle connection holds all of this.
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
    /// A task that is not on the reactor has sent since the last flush.
    var burst = false
    /// Flushes since the last turn of others.
    var flushes: UInt8 = 0
    /// A `PatchbayError`, boxed: most connections never have one, and it is large.
    var failure: (any Error)?
    /// Calls that wait for room, or until nothing is pending: whoever is woken looks again.
    var waiters: [Waiter] = []

    init(processors: [any ProcessorStep]) { self.processors = processors }

    /// Bytes that wait, a large message apart.
    var pendingBytes: Int { out.readableBytes + (sealed?.wire.readableBytes ?? 0) }
    var isEmpty: Bool { pendingBytes == 0 && large == nil }

    /// What is done to the frames of `out` on their way.
    private enum OutputForm {
        case plain
        case packets(PacketSizes)
        case sealed(SealedOutput)
    }

    /// Where each message is a packet: their sizes in `out`, in order; nil for every other connection.
    var packets: PacketSizes? {
        if case .packets(let packets) = form { packets } else { nil }
    }

    /// With a transform on the stream: sealed bytes, and what seals.
    var sealed: SealedOutput? {
        if case .sealed(let sealed) = form { sealed } else { nil }
    }

    mutating func keepPackets() { form = .packets(PacketSizes()) }
    mutating func seal(with sealer: any StreamSealer) { form = .sealed(SealedOutput(sealer)) }
}

extension WriteSide {
    mutating func countFlush() { if flushes < .max { flushes += 1 } }

    /// Appends what is no message; where packets are kept apart, it is one all the same.
    mutating func appendRaw(_ bytes: ByteBuffer) {
        out.writeImmutableBuffer(bytes)
        packets?.sizes.append(bytes.readableBytes)
    }

    var nextDeadline: UInt64 { WaiterList(waiters).nextDeadline }

    mutating func takeWaiters() -> WaiterList {
        guard !waiters.isEmpty else { return WaiterList() }
        let all = WaiterList(waiters)
        waiters = []
        return all
    }

    mutating func removeWaiter(_ id: UInt32) -> Waiter? {
        waiters.firstIndex { $0.id == id }.map { waiters.remove(at: $0) }
    }

    /// Those whose deadline has come.
    mutating func takeDue(_ now: UInt64) -> WaiterList {
        let due = WaiterList(waiters.filter { $0.deadline <= now })
        waiters.removeAll { $0.deadline <= now }
        return due
    }
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
