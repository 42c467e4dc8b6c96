internal import NIOCore
internal import PatchbayCore

/// Checks each record before it gives its payload; a record that was changed, dropped, repeated or moved has another number
/// or another MAC.
struct RecordOpener: StreamOpener {
    private enum State {
        case open, ended
        case failed(PatchbayError)
    }

    private let key: KeyedSHA256
    private var number: UInt64 = 0
    private var state = State.open

    init(key: KeyedSHA256) { self.key = key }

    mutating func open(
        _ wire: inout ByteBuffer,
        into plain: inout ByteBuffer,
        upTo maximum: Int
    ) throws(PatchbayError) -> OpenOutcome {
        switch state {
        case .open: break
        case .failed(let failure): throw failure
        case .ended:
            guard wire.readableBytes == 0 else { throw fail(.protocolViolation, "bytes came after the record that ends the stream") }
            return .end
        }
        var given = 0
        while true {
            guard let header = wire.getInteger(at: wire.readerIndex, as: UInt32.self) else {
                return outcome(given, .need(Record.overhead))
            }
            let length = header == Record.endHeader ? 0 : Int(header)
            guard header == Record.endHeader || (1...Record.largestPayload).contains(length) else {
                if given > 0 { return .bytes(given) }
                throw fail(.protocolViolation, "a record with a header that no peer of this protocol sends")
            }
            let whole = length + Record.overhead
            guard wire.readableBytes >= whole else { return outcome(given, .need(whole)) }
            if given > 0, header == Record.endHeader || length > maximum - given { return .bytes(given) }
            guard take(header, length, from: wire, into: &plain) else {
                // What came before is genuine, and goes first; the next call finds this record again.
                if given > 0 { return .bytes(given) }
                throw fail(
                    .authenticationFailed,
                    "a record was changed, dropped, repeated or moved on its way; the connection cannot go on"
                )
            }
            number &+= 1
            wire.moveReaderIndex(forwardBy: whole)
            if header == Record.endHeader {
                state = .ended
                return .end
            }
            given += length
        }
    }

    private func outcome(_ given: Int, _ otherwise: OpenOutcome) -> OpenOutcome { given > 0 ? .bytes(given) : otherwise }

    /// Appends the payload of the whole record in front, if its MAC is right.
    @inline(__always)
    private func take(_ header: UInt32, _ length: Int, from wire: ByteBuffer, into plain: inout ByteBuffer) -> Bool {
        wire.withUnsafeReadableBytes { bytes in
            let payload = UnsafeRawBufferPointer(rebasing: bytes[Record.headerBytes..<Record.headerBytes + length])
            let code = UnsafeRawBufferPointer(
                rebasing: bytes[Record.headerBytes + length..<Record.overhead + length]
            )
            guard Record.withCode(key, number: number, header: header, payload: payload, { constantTimeEqual(code, $0) }) else {
                return false
            }
            plain.writeBytes(payload)
            return true
        }
    }

    private mutating func fail(_ code: PatchbayError.Code, _ message: String) -> PatchbayError {
        let failure = PatchbayError(code, message, stage: .receive, layer: MutualHMACAuthenticator.layer)
        state = .failed(failure)
        return failure
    }
}
