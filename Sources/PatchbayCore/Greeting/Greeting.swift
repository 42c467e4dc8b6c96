internal import NIOCore
internal import PatchbayIO

/// The greeting of docs/wire.md, one end of it: preface and HELLO, the authenticators, and a FINISH that confirms it all.
///
/// One end speaks at a time, so that both see the same transcript: the dialer's HELLO, the listener's HELLO, the securing
/// authenticator, DETAILS each way (only below a securing one), the identity authenticator, the listener's FINISH once it
/// admitted the peer, the dialer's FINISH.
struct Greeting: Opening {
    static let magic: [UInt8] = Array("PBAY".utf8)
    static let majorVersion: UInt8 = 1

    /// What happens next.
    enum Phase {
        case fresh
        /// Waiting for the peer's preface, then its HELLO.
        case preface
        case hello
        /// Waiting for an authenticator's message.
        case authenticating
        /// The connection works for an authenticator.
        case working
        case verdict(Bool)
        /// Waiting for the peer's DETAILS.
        case details
        /// The application decides.
        case admitting
        case admitted
        /// Waiting for the peer's FINISH.
        case finish
        case over
    }

    let role: Role
    let limits: OpeningLimits
    let securing: (any Authenticator)?
    let identity: (any Authenticator)?
    let hello: Hello
    let details: Hello.Details

    var phase = Phase.fresh
    /// What to return, once the output is sent, before anything else happens.
    var pending: OpeningStep?
    /// Bytes for the wire.
    var output = ByteBuffer()
    /// What binds the greeting to its stream, then every byte of it, both ways, as it was before sealing.
    var transcript: ByteBuffer
    var handshake: (any Handshake)?
    /// Of the authenticators, the securing one runs.
    var isSecuring = false
    var hasSentPreface = false
    var hasOpenedRecord = false
    /// The peer ended it, or never spoke this protocol: it is told nothing.
    var isSilent = false
    var result: OpeningResult
    private(set) var parting: ByteBuffer?

    /// - Parameters:
    ///   - stack: canonical text of the layers that both ends must share.
    ///   - user: presented to the peer, as `data` is.
    ///   - securing: the authenticator that must leave a transform, below which user and data travel sealed.
    ///   - identity: the authenticator that runs after it, or alone.
    ///   - secured: what an authenticator on the bare stream left: all of this goes through it.
    init(
        role: Role,
        stack: String,
        nonce: GreetingNonce,
        user: String? = nil,
        data: HandshakeData = HandshakeData(),
        securing: (any Authenticator)? = nil,
        identity: (any Authenticator)? = nil,
        peer: StreamPeer = StreamPeer(),
        limits: OpeningLimits = OpeningLimits(),
        over secured: OpeningResult? = nil
    ) {
        self.role = role
        self.limits = limits
        self.securing = securing
        self.identity = identity
        details = Hello.Details(user: user, data: data)
        hello = Hello(
            stack: stack,
            nonce: nonce,
            largestMessage: UInt64(clamping: limits.largestMessage),
            details: securing == nil ? details : nil
        )
        result = OpeningResult(offer: PeerOffer(peer: peer))
        transcript = peer.binding.isEmpty ? ByteBuffer() : ByteBuffer(bytes: peer.binding)
        if let secured {
            result.stand(on: secured)
            // Nothing in plain has its place any more, not even an ERROR.
            hasOpenedRecord = true
        }
    }

    mutating func advance(_ wire: inout ByteBuffer) throws(PatchbayError) -> OpeningStep {
        do {
            return try move(&wire)
        } catch {
            abandon(error)
            throw error
        }
    }

    mutating func verdict(_ verdict: Bool) {
        if case .working = phase { phase = .verdict(verdict) }
    }

    mutating func admitted() {
        if case .admitting = phase { phase = .admitted }
    }

    mutating func refuse(_ reason: String) -> PatchbayError {
        let error = PatchbayError(.refused, PeerRefusal.printable(reason, PeerRefusal.largestMessage), stage: .handshake)
        abandon(error)
        return error
    }

    mutating func abandon(_ error: PatchbayError) {
        if case .over = phase { return }
        phase = .over
        pending = nil
        guard !isSilent else { return }
        let content = PeerRefusal(telling: error, stack: hello.stack).encoded()
        var frame = ByteBuffer()
        guard (try? LengthFraming(largestControl: limits.frameBytes).writeControl(.error, content, into: &frame)) != nil else { return }
        do {
            if !hasSentPreface { try writePreface() }
            try result.write(frame, to: &output)
            try result.sealer?.sealEnd(into: &output)
            parting = output
        } catch {
            // What cannot be sealed is not said: the error that ends the greeting is thrown either way.
        }
        output.clear()
    }

    mutating func ended(_ wire: ByteBuffer) -> PatchbayError {
        let isUnheard: Bool
        switch phase {
        case .fresh, .preface: isUnheard = wire.readableBytes == 0 && result.opened.readableBytes == 0
        default: isUnheard = false
        }
        phase = .over
        if isUnheard {
            return PatchbayError(
                .closed,
                "the peer closed the connection without a word; it may speak another protocol, for which a URL says bare",
                stage: .handshake
            )
        }
        return PatchbayError(.truncated, "the peer closed the connection in the middle of the greeting", stage: .handshake)
    }
}
