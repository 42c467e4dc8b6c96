internal import NIOCore
internal import PatchbayCore

/// A length in base 128, low groups first, before each message, as Protocol Buffers delimits messages
/// (protobuf.dev, "Encoding", "Base 128 Varints").
struct VarintFraming: Framing {
    /// Groups of seven bits in 64.
    static let largestHeader = 10
    static let layer = "varint"

    func makeDecoder() -> any FrameDecoder { Decoder() }

    func writeHeader(bodyBytes: Int, into buffer: inout ByteBuffer) throws {
        guard var rest = UInt64(exactly: bodyBytes) else {
            throw FramingFailure.unfit("a message cannot have \(bodyBytes) bytes", layer: Self.layer)
        }
        while rest >= 0x80 {
            buffer.writeInteger(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        buffer.writeInteger(UInt8(truncatingIfNeeded: rest))
    }

    struct Decoder: FrameDecoder {
        mutating func scan(_ bytes: UnsafeRawBufferPointer, atEnd: Bool, maximum: Int) throws(PatchbayError) -> FrameScan {
            var length: UInt64 = 0
            var header = 0
            while true {
                guard header < bytes.count else {
                    guard atEnd else { return .need(header + 1) }
                    guard header == 0 else { throw FramingFailure.truncated("inside a length", layer: VarintFraming.layer) }
                    return .end
                }
                let byte = bytes[header]
                // The tenth group has one bit only.
                if header == VarintFraming.largestHeader - 1, byte > 1 {
                    throw FramingFailure.violation("a length of more than 64 bits", layer: VarintFraming.layer)
                }
                length |= UInt64(byte & 0x7f) << UInt64(7 * header)
                header += 1
                guard byte < 0x80 else { continue }
                if byte == 0, header > 1 {
                    throw FramingFailure.violation("a length in more bytes than it needs", layer: VarintFraming.layer)
                }
                return try FramingFailure.frame(
                    header: header,
                    announced: length,
                    came: bytes.count,
                    atEnd: atEnd,
                    maximum: maximum,
                    layer: VarintFraming.layer
                )
            }
        }
    }
}
