internal import Glibc
internal import NIOCore
internal import PatchbayCore

/// One byte behind each message: `lines`, and `separated`, which is tremor's separate.
///
/// What stands behind the last separator when the stream ends is a message too, unless it is empty.
struct SeparatedFraming: Framing {
    let separator: UInt8
    /// Lines end with `\r\n` or `\n`; the former is written.
    let acceptsCarriageReturn: Bool
    let layer: String

    init(separator: UInt8, acceptsCarriageReturn: Bool = false, layer: String) {
        self.separator = separator
        self.acceptsCarriageReturn = acceptsCarriageReturn
        self.layer = layer
    }

    func makeDecoder() -> any FrameDecoder {
        Decoder(separator: separator, acceptsCarriageReturn: acceptsCarriageReturn, layer: layer)
    }

    func writeHeader(bodyBytes: Int, into buffer: inout ByteBuffer) throws {}

    func writeTrailer(into buffer: inout ByteBuffer) {
        if acceptsCarriageReturn { buffer.writeInteger(UInt8(ascii: "\r")) }
        buffer.writeInteger(separator)
    }

    var checksBodies: Bool { true }

    func check(body: UnsafeRawBufferPointer) throws {
        guard let start = body.baseAddress, !body.isEmpty else { return }
        if let found = memchr(start, CInt(separator), body.count) {
            throw FramingFailure.unfit(
                "byte \(UnsafeRawPointer(found) - start) of the message is the separator; encode it so that it has none, or use another framing",
                layer: layer
            )
        }
        if acceptsCarriageReturn, body[body.count - 1] == UInt8(ascii: "\r") {
            throw FramingFailure.unfit(
                "the message ends with a carriage return, which the peer would take for the line's end",
                layer: layer
            )
        }
    }

    struct Decoder: FrameDecoder {
        let separator: UInt8
        let acceptsCarriageReturn: Bool
        let layer: String
        /// So many bytes hold no separator: they were seen before.
        private var scanned = 0

        init(separator: UInt8, acceptsCarriageReturn: Bool, layer: String) {
            self.separator = separator
            self.acceptsCarriageReturn = acceptsCarriageReturn
            self.layer = layer
        }

        mutating func scan(_ bytes: UnsafeRawBufferPointer, atEnd: Bool, maximum: Int) throws(PatchbayError) -> FrameScan {
            // A separator further on than this is that of a message that is too large.
            let (largest, overflows) = maximum.addingReportingOverflow(acceptsCarriageReturn ? 2 : 1)
            let window = overflows ? bytes.count : min(bytes.count, max(largest, 0))
            if let start = bytes.baseAddress, scanned < window,
                let found = memchr(start + scanned, CInt(separator), window - scanned)
            {
                return try frame(bytes, separatorAt: UnsafeRawPointer(found) - start, maximum: maximum)
            }
            scanned = window
            // The byte behind the largest body may still be the carriage return of its separator.
            let isPending = acceptsCarriageReturn && bytes.count == maximum &+ 1 && bytes[maximum] == UInt8(ascii: "\r") && !atEnd
            guard bytes.count <= maximum || isPending else {
                throw FramingFailure.tooLarge(UInt64(clamping: bytes.count), maximum: maximum, layer: layer)
            }
            guard atEnd else { return .need(bytes.count + 1) }
            guard !bytes.isEmpty else { return .end }
            scanned = 0
            return .frame(header: 0, body: bytes.count, trailer: 0)
        }

        private mutating func frame(
            _ bytes: UnsafeRawBufferPointer,
            separatorAt index: Int,
            maximum: Int
        ) throws(PatchbayError) -> FrameScan {
            let hasReturn = acceptsCarriageReturn && index > 0 && bytes[index - 1] == UInt8(ascii: "\r")
            let body = hasReturn ? index - 1 : index
            guard body <= maximum else { throw FramingFailure.tooLarge(UInt64(body), maximum: maximum, layer: layer) }
            scanned = 0
            return .frame(header: 0, body: body, trailer: index + 1 - body)
        }
    }
}
