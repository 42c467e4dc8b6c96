public import NIOCore

/// Cuts a stream of bytes into messages, and joins messages into one.
///
/// A value that knows its options; the state of one connection is in the decoder it makes.
public protocol Framing: Sendable {
    func makeDecoder() -> any FrameDecoder

    /// Where a header is nothing but the body's length: how that is written. A connection then writes it itself, several times as fast
    /// as ``writeHeader(bodyBytes:into:)``, which must say the same.
    var lengthPrefix: LengthPrefix? { get }

    /// Appends what comes before a body of so many bytes.
    func writeHeader(bodyBytes: Int, into buffer: inout ByteBuffer) throws

    /// Appends what comes after a body.
    func writeTrailer(into buffer: inout ByteBuffer)

    /// False where a message is whatever a read gave, so that the peer's boundaries are lost.
    var keepsBoundaries: Bool { get }

    /// True where a body can hold bytes that would break the framing, so that ``check(body:)`` must see it.
    var checksBodies: Bool { get }

    /// Throws ``PatchbayError/Code/encodingFailed`` for a body that this framing cannot carry.
    func check(body: UnsafeRawBufferPointer) throws
}

extension Framing {
    public var lengthPrefix: LengthPrefix? { nil }
    public func writeTrailer(into buffer: inout ByteBuffer) {}
    public var keepsBoundaries: Bool { true }
    public var checksBodies: Bool { false }
    public func check(body: UnsafeRawBufferPointer) throws {}
}

/// A length before a body, unsigned and big-endian.
public struct LengthPrefix: Sendable, Hashable {
    public enum Width: Sendable, Hashable {
        /// 32 bits.
        case four
        /// 64 bits.
        case eight
    }

    public var width: Width
    /// The longest body, in bytes, that is told so; longer ones go the long way.
    public var largestBody: Int

    /// - Parameter largestBody: bytes; at most what the width can say.
    public init(_ width: Width, largestBody: Int) {
        self.width = width
        self.largestBody = width == .four ? min(largestBody, Int(UInt32.max)) : largestBody
    }
}

/// The reading half of a framing on one connection: a pure scanner that owns no bytes. Used by one task at a time, on any thread.
public protocol FrameDecoder: Sendable {
    /// Looks at the unread bytes of a stream, from the first one that no frame has consumed.
    ///
    /// Called again with more bytes only once ``FrameScan/need(_:)`` is met or the stream ended. After a frame was
    /// returned the next call starts behind it.
    /// - Parameters:
    ///   - bytes: what has come and was not consumed; may be empty.
    ///   - atEnd: no more will come.
    ///   - maximum: the largest body that may be accepted. It is checked against a header, before the body came.
    /// - Throws: ``PatchbayError`` with `messageTooLarge`, `protocolViolation` or, at the end, `truncated`.
    mutating func scan(_ bytes: UnsafeRawBufferPointer, atEnd: Bool, maximum: Int) throws(PatchbayError) -> FrameScan
}

/// What a look at the bytes of a stream found.
public enum FrameScan: Sendable, Hashable {
    /// A whole frame: so many bytes before the body, of it, and after it.
    case frame(header: Int, body: Int, trailer: Int)
    /// A whole frame whose message goes on in the next one.
    case fragment(header: Int, body: Int, trailer: Int)
    /// A whole frame that is not for the application.
    case control(header: Int, body: Int, trailer: Int)
    /// No whole frame; worth another look once there are so many bytes (more than there were), or at the end.
    case need(Int)
    /// The stream ended on a boundary. Only with `atEnd`.
    case end
}
