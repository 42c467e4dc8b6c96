internal import NIOCore
internal import PatchbayCore

/// A big-endian length of fixed width before each message: `length32`, and `length64`, which is tremor's length-prefixed.
struct FixedLengthFraming: Framing {
    /// Not a generic parameter: this is called for every message, through an existential, where it would not be specialised.
    enum Width: Sendable { case four, eight }

    let width: Width

    func makeDecoder() -> any FrameDecoder { Decoder(width: width) }

    var lengthPrefix: LengthPrefix? {
        switch width {
        case .four: LengthPrefix(.four, largestBody: Int(UInt32.max))
        case .eight: LengthPrefix(.eight, largestBody: .max)
        }
    }

    func writeHeader(bodyBytes: Int, into buffer: inout ByteBuffer) throws {
        guard bodyBytes >= 0, width == .eight || bodyBytes <= UInt32.max else {
            throw FramingFailure.unfit("a message of \(bodyBytes) bytes does not fit; at most \(UInt32.max) do", layer: width.layer)
        }
        switch width {
        case .four: buffer.writeInteger(UInt32(truncatingIfNeeded: bodyBytes))
        case .eight: buffer.writeInteger(UInt64(bodyBytes))
        }
    }

    struct Decoder: FrameDecoder {
        let width: Width

        mutating func scan(_ bytes: UnsafeRawBufferPointer, atEnd: Bool, maximum: Int) throws(PatchbayError) -> FrameScan {
            let header = width.bytes
            guard bytes.count >= header else {
                guard atEnd else { return .need(header) }
                guard bytes.isEmpty else { throw FramingFailure.truncated("inside a length", layer: width.layer) }
                return .end
            }
            let length =
                switch width {
                case .four: UInt64(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
                case .eight: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self))
                }
            if length <= maximum, Int(length) <= bytes.count - header {
                return .frame(header: header, body: Int(length), trailer: 0)
            }
            return try FramingFailure.frame(
                header: header,
                announced: length,
                came: bytes.count,
                atEnd: atEnd,
                maximum: maximum,
                layer: width.layer
            )
        }
    }
}

extension FixedLengthFraming.Width {
    var bytes: Int { self == .four ? 4 : 8 }
    var layer: String { self == .four ? "length32" : "length64" }
}
