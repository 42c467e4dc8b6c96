package import NIOCore

/// How one kind of record is laid out and opened: what is different between transforms that cut the stream into records.
package protocol RecordFormat: Sendable {
    /// So many bytes say how long a record is.
    static var headerBytes: Int { get }
    /// Header and code, without the payload.
    static var overhead: Int { get }
    /// The layer, for errors.
    static var layer: String { get }

    /// - Returns: nil for a header that no peer of this protocol sends.
    static func head(_ header: UnsafeRawBufferPointer) -> RecordHead?

    /// Appends the payload of the record, header included, if it is genuine and the next; else changes nothing.
    mutating func take(_ record: UnsafeRawBufferPointer, into plain: inout ByteBuffer) -> Bool
}

/// What a record's header says.
package struct RecordHead: Sendable {
    /// Bytes of the payload.
    package var payload: Int
    /// It ends the stream, and has no payload.
    package var isEnd: Bool

    @inlinable
    package init(payload: Int, isEnd: Bool) {
        self.payload = payload
        self.isEnd = isEnd
    }
}

/// Checks each record before it gives its payload; one that was changed, dropped, repeated or moved ends the connection.
package struct RecordOpener<Format: RecordFormat>: StreamOpener {
    @usableFromInline enum State {
        case open, ended
        case failed(PatchbayError)
    }

    @usableFromInline var format: Format
    @usableFromInline var state = State.open

    @inlinable
    package init(_ format: Format) { self.format = format }

    @inlinable
    package mutating func open(
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
            guard wire.readableBytes >= Format.headerBytes else { return outcome(given, .need(Format.overhead)) }
            let head = wire.withUnsafeReadableBytes { Format.head(UnsafeRawBufferPointer(rebasing: $0[..<Format.headerBytes])) }
            guard let head else {
                if given > 0 { return .bytes(given) }
                throw fail(.protocolViolation, "a record with a header that no peer of this protocol sends")
            }
            let whole = head.payload + Format.overhead
            guard wire.readableBytes >= whole else { return outcome(given, .need(whole)) }
            if given > 0, head.isEnd || head.payload > maximum - given { return .bytes(given) }
            let isGenuine = wire.withUnsafeReadableBytes {
                format.take(UnsafeRawBufferPointer(rebasing: $0[..<whole]), into: &plain)
            }
            guard isGenuine else {
                // What came before is genuine, and goes first; the next call finds this record again.
                if given > 0 { return .bytes(given) }
                throw fail(
                    .authenticationFailed,
                    "a record was changed, dropped, repeated or moved on its way; the connection cannot go on"
                )
            }
            wire.moveReaderIndex(forwardBy: whole)
            if head.isEnd {
                state = .ended
                return .end
            }
            given += head.payload
        }
    }

    @inlinable
    func outcome(_ given: Int, _ otherwise: OpenOutcome) -> OpenOutcome { given > 0 ? .bytes(given) : otherwise }

    @usableFromInline
    mutating func fail(_ code: PatchbayError.Code, _ message: String) -> PatchbayError {
        let failure = PatchbayError(code, message, stage: .receive, layer: Format.layer)
        state = .failed(failure)
        return failure
    }
}
