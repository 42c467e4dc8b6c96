internal import NIOCore

/// All that a connection is beside its descriptor, on its way to another process: docs/decisions/0014.
struct HandedState {
    /// As a URL; see ``Stack/handOverURL()``.
    var stack: String
    /// This end has ended its direction.
    var hasFinished = false
    /// The peer has ended its direction, and this was read.
    var hasEnded = false
    /// The peer said so in a frame.
    var heardClose = false
    var largestForPeer: Int
    var identity: String?
    var user: String?
    var data = HandshakeData()
    /// Messages that were cut and processed already.
    var ready: [ByteBuffer] = []
    /// Bytes behind them, from the beginning of a frame.
    var unread = ByteBuffer()
    /// A descriptor came, with the byte before this place of ``unread``; 0: it is next.
    var descriptorPlace: Int?
    /// Bytes that the peer is still to get, before all others.
    var unsent = ByteBuffer()

    private static let magic: [UInt8] = Array("PBHO".utf8) + [1]
    /// The magic and the count of all bytes behind both.
    static let headBytes = magic.count + 8

    /// Bytes that it takes at most, but for what the stack and the peer say of themselves.
    var weight: Int { ready.reduce(unread.readableBytes + unsent.readableBytes) { $0 + $1.readableBytes } }

    // MARK: - Writing

    func encoded() -> ByteBuffer {
        var body = ByteBuffer()
        body.writeInteger(UInt8((hasFinished ? 1 : 0) | (hasEnded ? 2 : 0) | (heardClose ? 4 : 0)))
        body.writeInteger(UInt64(clamping: largestForPeer))
        body.writeInteger(descriptorPlace.map { UInt64(clamping: $0) } ?? .max)
        Self.write(ByteBuffer(string: stack), into: &body)
        for text in [identity, user] {
            body.writeInteger(UInt8(text == nil ? 0 : 1))
            if let text { Self.write(ByteBuffer(string: text), into: &body) }
        }
        body.writeInteger(UInt64(data.pairs.count))
        for pair in data.pairs {
            Self.write(ByteBuffer(string: pair.name), into: &body)
            Self.write(ByteBuffer(string: pair.value), into: &body)
        }
        body.writeInteger(UInt64(ready.count))
        for message in ready { Self.write(message, into: &body) }
        Self.write(unread, into: &body)
        Self.write(unsent, into: &body)
        var whole = ByteBuffer(bytes: Self.magic)
        whole.writeInteger(UInt64(body.readableBytes))
        whole.writeImmutableBuffer(body)
        return whole
    }

    private static func write(_ bytes: ByteBuffer, into body: inout ByteBuffer) {
        body.writeInteger(UInt64(bytes.readableBytes))
        body.writeImmutableBuffer(bytes)
    }

    // MARK: - Reading

    /// How many bytes come behind the head; nil while it is not whole.
    /// - Throws: ``PatchbayError`` with `protocolViolation` for what is no hand-over, `limitExceeded` above `limit`.
    static func count(_ whole: ByteBuffer, limit: Int) throws(PatchbayError) -> Int? {
        guard whole.readableBytes > 0, magic.starts(with: whole.readableBytesView.prefix(magic.count)) else {
            throw PatchbayError(.protocolViolation, "a message came where a connection was to be handed over", stage: .receive)
        }
        guard let count = whole.getInteger(at: whole.readerIndex + magic.count, as: UInt64.self) else { return nil }
        guard count <= UInt64(limit) else { throw tooLarge(count, limit, .receive) }
        return Int(truncatingIfNeeded: count)
    }

    static func tooLarge(_ count: UInt64, _ limit: Int, _ stage: PatchbayError.Stage) -> PatchbayError {
        PatchbayError(
            .limitExceeded,
            "what the connection holds has \(count) bytes, and \(limit) may be handed over; raise max-message where they pass",
            stage: stage
        )
    }

    static func malformed(_ what: String) -> PatchbayError {
        PatchbayError(.protocolViolation, "what was handed over \(what)", stage: .receive)
    }

    /// - Parameter body: what came behind the head.
    init(_ body: ByteBuffer) throws(PatchbayError) {
        var body = body
        let flags: UInt8 = try Self.integer(&body)
        hasFinished = flags & 1 != 0
        hasEnded = flags & 2 != 0
        heardClose = flags & 4 != 0
        largestForPeer = Int(clamping: try Self.integer(&body) as UInt64)
        let place: UInt64 = try Self.integer(&body)
        stack = String(buffer: try Self.bytes(&body))
        identity = try Self.optionalText(&body)
        user = try Self.optionalText(&body)
        for _ in 0..<(try Self.count(&body)) {
            let name = String(buffer: try Self.bytes(&body))
            data.pairs.append(.init(name, String(buffer: try Self.bytes(&body))))
        }
        for _ in 0..<(try Self.count(&body)) { ready.append(try Self.bytes(&body)) }
        unread = try Self.bytes(&body)
        unsent = try Self.bytes(&body)
        guard body.readableBytes == 0 else { throw Self.malformed("has bytes behind its end") }
        if place != .max {
            guard place <= UInt64(unread.readableBytes) else { throw Self.malformed("has a descriptor outside of its bytes") }
            descriptorPlace = Int(truncatingIfNeeded: place)
        }
    }

    init(stack: String, largestForPeer: Int) {
        self.stack = stack
        self.largestForPeer = largestForPeer
    }

    private static func integer<T: FixedWidthInteger>(_ body: inout ByteBuffer) throws(PatchbayError) -> T {
        guard let integer = body.readInteger(as: T.self) else { throw malformed("ends before its end") }
        return integer
    }

    private static func bytes(_ body: inout ByteBuffer) throws(PatchbayError) -> ByteBuffer {
        let count: UInt64 = try integer(&body)
        guard count <= UInt64(body.readableBytes), let bytes = body.readSlice(length: Int(truncatingIfNeeded: count)) else {
            throw malformed("ends before its end")
        }
        return bytes
    }

    private static func optionalText(_ body: inout ByteBuffer) throws(PatchbayError) -> String? {
        guard try integer(&body) as UInt8 != 0 else { return nil }
        return String(buffer: try bytes(&body))
    }

    /// A count of things with a length each, which there must be bytes for.
    private static func count(_ body: inout ByteBuffer) throws(PatchbayError) -> Int {
        let count: UInt64 = try integer(&body)
        guard count <= UInt64(body.readableBytes / 8) else { throw malformed("ends before its end") }
        return Int(truncatingIfNeeded: count)
    }
}
