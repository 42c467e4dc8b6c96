public import NIOCore

/// Patchbay's own framing, `length`: a 32-bit big-endian header, of which 30 bits are the body's length (docs/wire.md).
///
/// Bit 31 marks a control frame, whose body begins with its ``ControlKind``; bit 30 says that the message goes on in the next
/// frame. Bodies above ``largestFragment`` travel as fragments, which the connection cuts and joins.
public struct LengthFraming: Framing {
    /// Bytes of every header.
    public static let headerBytes = 4
    /// The largest body that 30 bits can say.
    public static let largestBody = 0x3fff_ffff
    /// Bytes, with its kind, that a control frame may have by default.
    public static let defaultLargestControl = 4096

    @usableFromInline static let controlBit: UInt32 = 0x8000_0000
    @usableFromInline static let moreBit: UInt32 = 0x4000_0000

    /// The largest body of one frame: a message beyond it is cut into fragments.
    public var largestFragment: Int
    /// The largest control frame that is accepted, with its kind, in bytes.
    public var largestControl: Int

    /// - Parameters:
    ///   - largestFragment: bytes, kept within 1 and ``largestBody``.
    ///   - largestControl: bytes, kept within 1 and ``largestBody``.
    public init(largestFragment: Int = Self.largestBody, largestControl: Int = Self.defaultLargestControl) {
        self.largestFragment = min(max(largestFragment, 1), Self.largestBody)
        self.largestControl = min(max(largestControl, 1), Self.largestBody)
    }

    public func makeDecoder() -> any FrameDecoder { Decoder(largestControl: largestControl) }

    public var lengthPrefix: LengthPrefix? { LengthPrefix(.four, largestBody: largestFragment) }

    /// - Throws: ``PatchbayError`` with `encodingFailed` for a body above ``largestFragment``.
    public func writeHeader(bodyBytes: Int, into buffer: inout ByteBuffer) throws {
        try writeHeader(bodyBytes: bodyBytes, moreFollow: false, into: &buffer)
    }

    /// Appends the header of one fragment.
    /// - Parameter moreFollow: the message goes on in the next frame; such a fragment must not be empty.
    /// - Throws: ``PatchbayError`` with `encodingFailed` for a body that a fragment cannot have.
    @inlinable
    public func writeHeader(bodyBytes: Int, moreFollow: Bool, into buffer: inout ByteBuffer) throws(PatchbayError) {
        guard bodyBytes >= (moreFollow ? 1 : 0), bodyBytes <= largestFragment else { throw unfit(bodyBytes) }
        let length = UInt32(truncatingIfNeeded: bodyBytes)
        buffer.writeInteger(moreFollow ? length | Self.moreBit : length)
    }

    /// Appends a whole control frame.
    /// - Throws: ``PatchbayError`` with `encodingFailed` where it is larger than ``largestControl``.
    public func writeControl(_ kind: ControlKind, _ content: ByteBuffer = ByteBuffer(), into buffer: inout ByteBuffer) throws(PatchbayError)
    {
        let count = content.readableBytes + 1
        guard count <= largestControl else {
            throw PatchbayError(
                .encodingFailed,
                "a control frame of \(count) bytes exceeds the limit of \(largestControl)",
                stage: .encode,
                layer: "length"
            )
        }
        buffer.writeInteger(UInt32(truncatingIfNeeded: count) | Self.controlBit)
        buffer.writeInteger(kind.rawValue)
        buffer.writeImmutableBuffer(content)
    }

    @usableFromInline func unfit(_ bodyBytes: Int) -> PatchbayError {
        PatchbayError(
            .encodingFailed,
            "a frame cannot carry \(bodyBytes) bytes: fragments have 1 to \(largestFragment)",
            stage: .encode,
            layer: "length"
        )
    }

    /// Finds the frames of ``LengthFraming``.
    public struct Decoder: FrameDecoder {
        @usableFromInline let largestControl: Int
        /// The last frame said that its message goes on.
        @usableFromInline var isInMessage = false

        @usableFromInline init(largestControl: Int) { self.largestControl = largestControl }

        @inlinable
        public mutating func scan(_ bytes: UnsafeRawBufferPointer, atEnd: Bool, maximum: Int) throws(PatchbayError) -> FrameScan {
            guard bytes.count >= LengthFraming.headerBytes else {
                guard atEnd else { return .need(LengthFraming.headerBytes) }
                guard bytes.isEmpty, !isInMessage else { throw torn(has: bytes.count, of: nil) }
                return .end
            }
            let header = UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))
            let body = Int(header & UInt32(LengthFraming.largestBody))
            let isControl = header & LengthFraming.controlBit != 0
            let moreFollow = header & LengthFraming.moreBit != 0
            if isControl || moreFollow {
                try check(body, isControl: isControl, moreFollow: moreFollow)
            }
            guard isControl || body <= maximum else { throw oversized(body, maximum) }
            guard bytes.count - LengthFraming.headerBytes >= body else {
                if atEnd { throw torn(has: bytes.count - LengthFraming.headerBytes, of: body) }
                return .need(LengthFraming.headerBytes + body)
            }
            if isControl { return .control(header: LengthFraming.headerBytes, body: body, trailer: 0) }
            isInMessage = moreFollow
            return moreFollow
                ? .fragment(header: LengthFraming.headerBytes, body: body, trailer: 0)
                : .frame(header: LengthFraming.headerBytes, body: body, trailer: 0)
        }

        @usableFromInline func check(_ body: Int, isControl: Bool, moreFollow: Bool) throws(PatchbayError) {
            if isControl && moreFollow { throw violation("a control frame with the fragment bit") }
            if isControl && body == 0 { throw violation("a control frame without its kind") }
            if isControl && body > largestControl {
                throw violation("a control frame of \(body) bytes; at most \(largestControl) are allowed")
            }
            if moreFollow && body == 0 { throw violation("an empty fragment that is not the last") }
        }

        @usableFromInline func violation(_ what: String) -> PatchbayError {
            PatchbayError(
                .protocolViolation,
                "the peer sent \(what); check that both ends use the same framing",
                stage: .receive,
                layer: "length"
            )
        }

        @usableFromInline func oversized(_ body: Int, _ maximum: Int) -> PatchbayError {
            PatchbayError(
                .messageTooLarge,
                "the peer announced a frame of \(body) bytes where at most \(maximum) are allowed; raise max-message if that is intended",
                stage: .receive,
                layer: "length"
            )
        }

        @usableFromInline func torn(has count: Int, of body: Int?) -> PatchbayError {
            let place = body.map { "after \(count) of a frame's \($0) bytes" } ?? (count > 0 ? "inside a header" : "between two fragments")
            return PatchbayError(.truncated, "the stream ended \(place)", stage: .receive, layer: "length")
        }
    }
}
