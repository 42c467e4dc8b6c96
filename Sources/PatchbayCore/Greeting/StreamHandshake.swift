internal import NIOCore
internal import PatchbayIO

/// What happens on a bare stream before anything else, where an authenticator secures the stream itself, as TLS does.
///
/// It is an ``Opening`` of its own, below the one that exchanges the greeting: what it leaves is handed to that one, which seals and
/// opens what it says, as it does behind any securing authenticator. So the path of a message knows nothing of it.
struct StreamHandshake: Opening {
    private enum Phase {
        case fresh, authenticating, working, verdict(Bool), over
    }

    private let role: Role
    private let authenticator: any Authenticator
    private let mostBytes: Int

    private var phase = Phase.fresh
    private var pending: OpeningStep?
    private var output = ByteBuffer()
    private var handshake: (any Handshake)?
    private var heardBytes = 0
    private var result: OpeningResult
    private(set) var parting: ByteBuffer?

    init(role: Role, authenticator: any Authenticator, peer: StreamPeer = StreamPeer(), limits: OpeningLimits = OpeningLimits()) {
        self.role = role
        self.authenticator = authenticator
        mostBytes = limits.streamHandshakeBytes
        result = OpeningResult(offer: PeerOffer(peer: peer))
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

    /// Never asked for: the opening above this one decides.
    mutating func admitted() {}

    mutating func refuse(_ reason: String) -> PatchbayError {
        let error = PatchbayError(.refused, PeerRefusal.printable(reason, PeerRefusal.largestMessage), stage: .handshake)
        abandon(error)
        return error
    }

    mutating func abandon(_ error: PatchbayError) {
        if case .over = phase { return }
        phase = .over
        pending = nil
        // Only the authenticator has words here, such as an alert; without them the peer sees the end of the stream.
        if let words = handshake?.parting { output.writeImmutableBuffer(words) }
        parting = output.readableBytes > 0 ? output : nil
        output.clear()
    }

    mutating func ended(_ wire: ByteBuffer) -> PatchbayError {
        phase = .over
        guard heardBytes > 0 || wire.readableBytes > 0 else {
            return PatchbayError(
                .closed,
                "the peer closed the connection before its stream was secured; it may not expect a layer that does this, or refuse this end",
                stage: .authenticate
            )
        }
        return PatchbayError(
            .truncated,
            "the peer closed the connection before its stream was secured; it may not accept what this end presents",
            stage: .authenticate
        )
    }

    private mutating func move(_ wire: inout ByteBuffer) throws(PatchbayError) -> OpeningStep {
        while true {
            if let step = pending {
                if output.readableBytes > 0 { return .send(takeOutput()) }
                pending = nil
                return step
            }
            switch phase {
            case .fresh:
                let context = HandshakeContext(role: role, peer: result.offer.peer)
                handshake = try PatchbayError.authenticating { try authenticator.makeHandshake(context) }
                try drive(.start)
            case .verdict(let verdict): try drive(.verdict(verdict))
            case .authenticating:
                guard wire.readableBytes > 0 else { return output.readableBytes > 0 ? .send(takeOutput()) : .need(1) }
                try take(&wire)
            case .working, .over:
                throw PatchbayError(.invalidArgument, "the handshake waits for an answer, or is over", stage: .handshake)
            }
        }
    }

    private mutating func takeOutput() -> ByteBuffer {
        defer { output = ByteBuffer() }
        return output
    }

    /// Hands over all that came: how much of it belongs to the handshake only the handshake knows.
    private mutating func take(_ wire: inout ByteBuffer) throws(PatchbayError) {
        heardBytes += wire.readableBytes
        guard heardBytes <= mostBytes else {
            throw PatchbayError(
                .limitExceeded,
                "the peer sent more than \(mostBytes) bytes before its stream was secured",
                stage: .authenticate
            )
        }
        var bytes = ByteBuffer()
        swap(&bytes, &wire)
        try drive(.message(bytes))
    }

    private mutating func drive(_ input: HandshakeInput) throws(PatchbayError) {
        guard var machine = handshake else { return }
        defer { handshake = machine }
        let step = try PatchbayError.authenticating { try machine.step(input) }
        for bytes in step.output { output.writeImmutableBuffer(bytes) }
        switch step.next {
        case .receive: phase = .authenticating
        case .perform(let work):
            phase = .working
            pending = .perform(work)
        case .done(let verdict):
            guard let transform = verdict.transform else {
                throw PatchbayError(
                    .authenticationFailed,
                    "the securing layer left the stream open; its plugin is at fault",
                    stage: .authenticate
                )
            }
            result.offer.identity = verdict.identity
            result.sealer = transform.makeSealer()
            result.opener = transform.makeOpener()
            if let mac = verdict.exportedMAC { result.exportedMACs.append(mac) }
            phase = .over
            pending = .done(result)
        }
    }
}
