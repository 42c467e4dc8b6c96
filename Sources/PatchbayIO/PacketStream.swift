public import NIOCore

/// What one attempt to read a packet gave.
public enum PacketOutcome: Sendable {
    /// One packet, whole; it may be empty.
    case packet(ByteBuffer)
    /// The next packet has so many bytes, more than were allowed. It stays where it is.
    case tooLarge(Int)
    /// Nothing now: register a waiter.
    case blocked
    /// The peer ended its direction in order.
    case end
    /// The stream failed and will not recover.
    case failed(IOFailure)
}

/// A stream whose medium keeps packets apart, such as SOCK_SEQPACKET.
///
/// Read and written as a ``ByteStream``, it is one: packets are joined, and what is written goes out in packets of any size that the
/// medium takes. A connection whose framing marks no messages uses it packet by packet instead: one message, one packet. It reads in
/// one of the two ways, never in both.
public protocol PacketStream: ByteStream {
    /// Reads one packet of at most `maximum` bytes; never a part of one.
    func readPacket(upTo maximum: Int) -> PacketOutcome

    /// Sends `bytes`, which are not empty, as one packet: all of them (``WriteOutcome/bytes(_:)`` with their count) or none.
    func writePacket(_ bytes: UnsafeRawBufferPointer) -> WriteOutcome

    /// The largest packet that can be sent, in bytes, once the medium has done what it can to send one of `wanted` bytes.
    ///
    /// Asked only for packets above ``ordinaryPacket``.
    func largestPacket(for wanted: Int) -> Int

    /// Packets of so many bytes can always be sent.
    var ordinaryPacket: Int { get }
}

extension ByteStream {
    /// The stream itself, where its medium keeps packets apart; else nil.
    public var packets: (any PacketStream)? { nil }
}
