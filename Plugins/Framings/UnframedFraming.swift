internal import NIOCore
internal import PatchbayCore

/// No framing: what one read gives is a message, at most `maximum` bytes of it at a time, and an empty message leaves no trace.
struct UnframedFraming: Framing {
    var keepsBoundaries: Bool { false }
    func makeDecoder() -> any FrameDecoder { Decoder() }

    func writeHeader(bodyBytes: Int, into buffer: inout ByteBuffer) throws {}

    struct Decoder: FrameDecoder {
        mutating func scan(_ bytes: UnsafeRawBufferPointer, atEnd: Bool, maximum: Int) throws(PatchbayError) -> FrameScan {
            guard !bytes.isEmpty else { return atEnd ? .end : .need(1) }
            // Without boundaries there is nothing that could be too large: the rest is the next message.
            return .frame(header: 0, body: min(bytes.count, max(maximum, 1)), trailer: 0)
        }
    }
}
