public import NIOCore

/// Turns bytes into other bytes, and back, such as a compression.
///
/// Above the framing it works on messages, below on the stream; its ``Layer`` says which it can.
/// A value that knows its options; the state of one direction is in the step it makes.
public protocol Processor: Sendable {
    func makeEncoder() throws -> any ProcessorStep
    func makeDecoder() throws -> any ProcessorStep
}

/// How far a processor must have come when ``ProcessorStep/push(_:_:into:)`` returns.
public enum ProcessorFlush: Sendable, Hashable {
    /// It may keep bytes back.
    case none
    /// Everything pushed so far can be read at the other end.
    case sync
    /// The message, or the stream, ends here; the step then starts anew.
    case finish
}

/// One direction of a processor on one connection.
public protocol ProcessorStep: Sendable {
    /// Takes all of `input` and gives what it can to `sink`.
    ///
    /// Above the framing: called once a message, with `finish`; each buffer that the sink gets is a message.
    /// - Throws: ``PatchbayError`` with `encodingFailed` or `decodingFailed`; or what the sink throws once its bound is passed.
    mutating func push(_ input: ByteBuffer, _ flush: ProcessorFlush, into sink: inout ProcessorSink) throws
}

/// Collects what a processor gives, up to a bound.
public struct ProcessorSink {
    /// What was given so far, in order.
    public private(set) var buffers: [ByteBuffer] = []
    private var room: Int

    /// - Parameter maximum: bytes in all.
    public init(maximum: Int) { room = maximum }

    /// Hands over one message, or a piece of a stream.
    /// - Throws: ``PatchbayError`` with `messageTooLarge` once more came than the bound allows.
    public mutating func emit(_ buffer: ByteBuffer) throws(PatchbayError) {
        guard buffer.readableBytes <= room else {
            throw PatchbayError(
                .messageTooLarge,
                "a processor gave more bytes than the limit allows; raise max-message if that is intended",
                stage: .decode
            )
        }
        room -= buffer.readableBytes
        buffers.append(buffer)
    }

    /// How many bytes may still come: a processor that expands stops there.
    public var remaining: Int { room }

    /// Empties the sink and sets its bound anew.
    public mutating func reset(maximum: Int) {
        buffers.removeAll(keepingCapacity: true)
        room = maximum
    }
}
