public import NIOCore

/// What an authentication left on a stream: each byte is sealed into records on its way out, and opened on its way in.
///
/// Its two directions are made apart, because a connection reads and writes at the same time.
public protocol StreamTransform: Sendable {
    func makeSealer() -> any StreamSealer
    func makeOpener() -> any StreamOpener
}

/// The outgoing direction of a transform.
public protocol StreamSealer: Sendable {
    /// Appends `plain` to `wire` as records that the peer can open at once.
    ///
    /// No record begins like a control frame of the greeting that has a body (a big-endian 0x80000001 to 0xBFFFFFFF): an ERROR
    /// in plain, of a peer that refused the authentication, is told apart by it.
    /// - Throws: ``PatchbayError`` with `encodingFailed`; the stream then fails.
    mutating func seal(_ plain: UnsafeRawBufferPointer, into wire: inout ByteBuffer) throws(PatchbayError)

    /// Appends the record that ends the stream in order: an end without it is a truncation.
    mutating func sealEnd(into wire: inout ByteBuffer) throws(PatchbayError)
}

/// The incoming direction of a transform.
public protocol StreamOpener: Sendable {
    /// Moves as many whole records as there are from `wire` to the end of `plain`, up to about `maximum` bytes.
    /// - Throws: ``PatchbayError`` with `authenticationFailed` or `protocolViolation`; nothing of the failing record is given.
    mutating func open(_ wire: inout ByteBuffer, into plain: inout ByteBuffer, upTo maximum: Int) throws(PatchbayError) -> OpenOutcome

    /// False where the end of the stream is the end, without a record that says so.
    var endsWithRecord: Bool { get }

    /// The stream ended, and no record says so: gives what was kept back. Only where ``endsWithRecord`` is false.
    mutating func finish(into plain: inout ByteBuffer) throws(PatchbayError)
}

extension StreamOpener {
    public var endsWithRecord: Bool { true }
    public mutating func finish(into plain: inout ByteBuffer) throws(PatchbayError) {}
}

/// What an attempt to open records found.
public enum OpenOutcome: Sendable, Hashable {
    /// So many bytes were appended; more may be waiting.
    case bytes(Int)
    /// No whole record; worth another look once the wire holds so many bytes.
    case need(Int)
    /// The record that ends the stream in order.
    case end
}
