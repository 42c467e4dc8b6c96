internal import NIOCore
internal import PatchbayCore

/// A decimal length in ASCII, one space, then the message: tremor's textual-length-prefixed, and RFC 6587 section 3.4.1
/// (octet counting of syslog).
struct TextualLengthFraming: Framing {
    /// Digits of the largest 64-bit number.
    static let largestDigits = 20
    static let layer = "textual-length"

    func makeDecoder() -> any FrameDecoder { Decoder() }

    func writeHeader(bodyBytes: Int, into buffer: inout ByteBuffer) throws {
        guard bodyBytes >= 0 else {
            throw FramingFailure.unfit("a message cannot have \(bodyBytes) bytes", layer: Self.layer)
        }
        buffer.writeString(String(bodyBytes))
        buffer.writeInteger(UInt8(ascii: " "))
    }

    struct Decoder: FrameDecoder {
        mutating func scan(_ bytes: UnsafeRawBufferPointer, atEnd: Bool, maximum: Int) throws(PatchbayError) -> FrameScan {
            let layer = TextualLengthFraming.layer
            var length: UInt64 = 0
            var digits = 0
            while digits < bytes.count, bytes[digits] != UInt8(ascii: " ") {
                let digit = bytes[digits] &- UInt8(ascii: "0")
                guard digit <= 9 else { throw FramingFailure.violation("a length with byte \(bytes[digits]) in it", layer: layer) }
                let (tenfold, overflows) = length.multipliedReportingOverflow(by: 10)
                let (sum, carries) = tenfold.addingReportingOverflow(UInt64(digit))
                guard !overflows, !carries, digits < TextualLengthFraming.largestDigits else {
                    throw FramingFailure.violation("a length of more than 64 bits or 20 digits", layer: layer)
                }
                length = sum
                digits += 1
            }
            guard digits < bytes.count else {
                // A length that is too large already grows no smaller.
                if digits > 0, length > UInt64(clamping: maximum) {
                    throw FramingFailure.tooLarge(length, maximum: maximum, layer: layer)
                }
                guard atEnd else { return .need(bytes.count + 1) }
                guard bytes.isEmpty else { throw FramingFailure.truncated("inside a length", layer: layer) }
                return .end
            }
            guard digits > 0 else { throw FramingFailure.violation("a message without its length", layer: layer) }
            return try FramingFailure.frame(
                header: digits + 1,
                announced: length,
                came: bytes.count,
                atEnd: atEnd,
                maximum: maximum,
                layer: layer
            )
        }
    }
}
