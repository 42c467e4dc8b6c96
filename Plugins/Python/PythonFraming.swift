public import NIOCore
public import PatchbayCore

/// The framing of CPython's `multiprocessing.connection`: a signed big-endian length, then the body.
///
/// Lengths above 2 GiB travel as -1 followed by an unsigned 64-bit length (CPython 3.8 and later); a receiver takes that form
/// for any size. Other negative lengths, which CPython lets through, are refused.
public struct PythonFraming: Framing {
    /// The longest body whose length fits in the short header.
    static let longestShortBody = 0x7fff_ffff

    public init() {}

    public func makeDecoder() -> any FrameDecoder { Decoder() }

    public var lengthPrefix: LengthPrefix? { LengthPrefix(.four, largestBody: Self.longestShortBody) }

    public func writeHeader(bodyBytes: Int, into buffer: inout ByteBuffer) {
        if bodyBytes <= Self.longestShortBody {
            buffer.writeInteger(Int32(truncatingIfNeeded: bodyBytes))
        } else {
            buffer.writeInteger(Int32(-1))
            buffer.writeInteger(UInt64(bodyBytes))
        }
    }

    /// The reading half; it remembers nothing between frames.
    struct Decoder: FrameDecoder {
        mutating func scan(_ bytes: UnsafeRawBufferPointer, atEnd: Bool, maximum: Int) throws(PatchbayError) -> FrameScan {
            guard bytes.count >= 4 else {
                if bytes.isEmpty && atEnd { return .end }
                return try wait(for: 4, have: bytes.count, atEnd: atEnd, part: "header")
            }
            let short = Int32(bigEndian: bytes.loadUnaligned(as: Int32.self))
            var header = 4
            var body = Int(short)
            if short < 0 {
                guard short == -1 else {
                    throw PatchbayError(
                        .protocolViolation,
                        "a frame announces the length \(short); the peer speaks another framing than python-frames, or lost its place",
                        stage: .receive,
                        layer: PythonPlugin.framingName
                    )
                }
                guard bytes.count >= 12 else { return try wait(for: 12, have: bytes.count, atEnd: atEnd, part: "header") }
                header = 12
                let long = UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 4, as: UInt64.self))
                guard let fitting = Int(exactly: long) else { throw tooLarge("\(long)", maximum) }
                body = fitting
            }
            let (total, overflows) = header.addingReportingOverflow(body)
            guard body <= maximum, !overflows else { throw tooLarge("\(body)", maximum) }
            guard bytes.count >= total else { return try wait(for: total, have: bytes.count, atEnd: atEnd, part: "body") }
            return .frame(header: header, body: body, trailer: 0)
        }

        private func wait(for count: Int, have: Int, atEnd: Bool, part: String) throws(PatchbayError) -> FrameScan {
            guard atEnd else { return .need(count) }
            throw PatchbayError(
                .truncated,
                "the peer went away within a frame's \(part): \(have) of \(count) bytes came",
                stage: .receive,
                layer: PythonPlugin.framingName
            )
        }

        private func tooLarge(_ length: String, _ maximum: Int) -> PatchbayError {
            PatchbayError(
                .messageTooLarge,
                "a message of \(length) bytes is announced and \(maximum) are accepted; raise max-message if it is expected",
                stage: .receive,
                layer: PythonPlugin.framingName
            )
        }
    }
}
