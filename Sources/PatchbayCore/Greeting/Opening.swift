internal import NIOCore

/// What happens on a new stream before the first message: ``Greeting``, or ``BareHandshake`` where there is no greeting; and
/// before either a ``StreamHandshake``, where the stack has an authenticator that secures the bare stream.
///
/// A pure state machine. The connection calls ``advance(_:)`` and does what it says until it says `done` or throws.
protocol Opening {
    /// Moves on.
    /// - Parameter wire: what came and was not consumed. What is used is read off; the rest stays, for the next call or, in
    ///   the end, for the connection.
    /// - Throws: ``PatchbayError``. The connection then sends ``parting``, and closes.
    mutating func advance(_ wire: inout ByteBuffer) throws(PatchbayError) -> OpeningStep

    /// Answers ``OpeningStep/perform(_:)``.
    mutating func verdict(_ verdict: Bool)

    /// Answers ``OpeningStep/admit(_:)``.
    mutating func admitted()

    /// Answers ``OpeningStep/admit(_:)`` with a no that the peer is told; the reason holds no secret.
    /// - Returns: what to throw, once ``parting`` was sent.
    mutating func refuse(_ reason: String) -> PatchbayError

    /// Ends it for a reason of the connection's own, such as the deadline, and sets ``parting``.
    mutating func abandon(_ error: PatchbayError)

    /// The stream ended, and `wire` held nothing to go on with.
    /// - Returns: what to throw; there is nothing to send.
    mutating func ended(_ wire: ByteBuffer) -> PatchbayError

    /// What to tell the peer before the stream is closed; nil for nothing.
    var parting: ByteBuffer? { get }
}

/// What an ``Opening`` wants next.
enum OpeningStep {
    /// Send these bytes, then advance.
    case send(ByteBuffer)
    /// Read, and advance once there are so many bytes (more than there were).
    case need(Int)
    /// Do this work off the reactor, and answer with ``Opening/verdict(_:)``.
    case perform(@Sendable () async throws -> Bool)
    /// Ask the application, and answer with ``Opening/admitted()`` or ``Opening/refuse(_:)``. Listeners only.
    case admit(PeerOffer)
    /// The connection is up.
    case done(OpeningResult)
}

/// What an ``Opening`` leaves behind.
struct OpeningResult {
    /// Who the peer proved to be, what it said, and where it is.
    var offer: PeerOffer
    /// The largest message that the peer accepts, in bytes.
    var peerLargestMessage = Int.max
    /// The greeting's minor version that both ends know.
    var minorVersion: UInt16 = 0
    /// In use already where there is a transform: the connection goes on with the same ones.
    var sealer: (any StreamSealer)?
    var opener: (any StreamOpener)?
    /// Bytes that ``opener`` gave and the opening did not use: they come before all others.
    var opened = ByteBuffer()
    /// What the authenticators exported, in their order.
    var exportedMACs: [@Sendable (ByteBuffer) -> ByteBuffer] = []
}

extension OpeningResult {
    /// Appends bytes for the wire, sealed where a transform is in use.
    mutating func write(_ bytes: ByteBuffer, to wire: inout ByteBuffer) throws(PatchbayError) {
        if sealer == nil {
            wire.writeImmutableBuffer(bytes)
            return
        }
        do {
            try bytes.withUnsafeReadableBytes { try sealer?.seal($0, into: &wire) }
        } catch {
            throw PatchbayError.wrapping(error, stage: .handshake)
        }
    }

    /// Opens what came, into ``opened``.
    /// - Returns: nil, or how many bytes the wire must have before more can be opened.
    mutating func open(_ wire: inout ByteBuffer, upTo maximum: Int) throws(PatchbayError) -> Int? {
        guard var opener else { return wire.readableBytes + 1 }
        defer { self.opener = opener }
        switch try opener.open(&wire, into: &opened, upTo: maximum) {
        case .bytes: return nil
        case .need(let count): return count
        case .end: throw PatchbayError(.truncated, "the peer ended the connection in the middle of the handshake", stage: .handshake)
        }
    }

    /// Takes over what a ``StreamHandshake`` left below this opening.
    mutating func stand(on secured: OpeningResult) {
        offer.identity = secured.offer.identity
        sealer = secured.sealer
        opener = secured.opener
        opened = secured.opened
        exportedMACs = secured.exportedMACs
    }
}

/// The bounds of an ``Opening``.
struct OpeningLimits: Sendable {
    /// The largest message that this end accepts once the connection is up, in bytes; told to the peer.
    var largestMessage = 16 << 20
    /// The largest frame of a greeting, with its kind, in bytes.
    var frameBytes = LengthFraming.defaultLargestControl
    /// What both ends may send in a greeting, in bytes.
    var greetingBytes = 64 << 10
    /// What a peer may send before an authenticator on the bare stream is done, in bytes: chains of certificates are the largest.
    var streamHandshakeBytes = 256 << 10
    /// The largest message of an authenticator without a greeting, in bytes; 256 in CPython's multiprocessing.connection.
    var bareMessageBytes = 256
}
