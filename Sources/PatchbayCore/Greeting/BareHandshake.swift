internal import NIOCore
internal import PatchbayIO

/// What happens before the first message where a stack is `bare`: the messages of an authenticator, framed as all others, or nothing.
struct BareHandshake: Opening {
    enum Phase {
        case fresh, authenticating, working, verdict(Bool), admitting, admitted, over
    }

    let role: Role
    let framing: any Framing
    let authenticator: (any Authenticator)?
    let user: String?
    let largestMessage: Int

    private var phase = Phase.fresh
    private var pending: OpeningStep?
    private var output = ByteBuffer()
    private var decoder: any FrameDecoder
    private var handshake: (any Handshake)?
    private var hasHeard = false
    private var result: OpeningResult
    private(set) var parting: ByteBuffer?

    /// - Parameters:
    ///   - user: the URL's user; a bare stack tells the peer only what its authenticator does.
    ///   - secured: what an authenticator on the bare stream left: all of this goes through it.
    init(
        role: Role,
        framing: any Framing,
        authenticator: (any Authenticator)? = nil,
        user: String? = nil,
        peer: StreamPeer = StreamPeer(),
        limits: OpeningLimits = OpeningLimits(),
        over secured: OpeningResult? = nil
    ) {
        self.role = role
        self.framing = framing
        self.authenticator = authenticator
        self.user = user
        largestMessage = limits.bareMessageBytes
        decoder = framing.makeDecoder()
        result = OpeningResult(offer: PeerOffer(peer: peer))
        if let secured { result.stand(on: secured) }
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
        // Only the authenticator has words here; without them the peer sees the end of the stream.
        if let words = handshake?.parting { try? write(words) }
        try? result.sealer?.sealEnd(into: &output)
        parting = output.readableBytes > 0 ? output : nil
        output.clear()
    }

    mutating func ended(_ wire: ByteBuffer) -> PatchbayError {
        phase = .over
        guard hasHeard || wire.readableBytes > 0 else {
            return PatchbayError(
                .closed,
                "the peer closed the connection before it authenticated; it may expect another key, or none",
                stage: .authenticate
            )
        }
        return PatchbayError(.truncated, "the peer closed the connection in the middle of the authentication", stage: .authenticate)
    }

    private mutating func move(_ wire: inout ByteBuffer) throws(PatchbayError) -> OpeningStep {
        while true {
            if let step = pending {
                if output.readableBytes > 0 { return .send(takeOutput()) }
                pending = nil
                return step
            }
            switch phase {
            case .fresh: try start()
            case .verdict(let verdict): try drive(.verdict(verdict))
            case .admitted: complete()
            case .authenticating:
                guard let needed = try receive(&wire) else { continue }
                return output.readableBytes > 0 ? .send(takeOutput()) : .need(needed)
            case .working, .admitting, .over:
                throw PatchbayError(.invalidArgument, "the handshake waits for an answer, or is over", stage: .handshake)
            }
        }
    }

    private mutating func takeOutput() -> ByteBuffer {
        defer { output = ByteBuffer() }
        return output
    }

    private mutating func start() throws(PatchbayError) {
        guard let authenticator else { return admit() }
        let context = HandshakeContext(role: role, peer: result.offer.peer, user: role == .dialer ? user : nil)
        handshake = try PatchbayError.authenticating { try authenticator.makeHandshake(context) }
        try drive(.start)
    }

    private mutating func drive(_ input: HandshakeInput) throws(PatchbayError) {
        guard var machine = handshake else { return }
        defer { handshake = machine }
        let step = try PatchbayError.authenticating { try machine.step(input) }
        for message in step.output { try write(message) }
        switch step.next {
        case .receive: phase = .authenticating
        case .perform(let work):
            phase = .working
            pending = .perform(work)
        case .done(let verdict):
            result.offer.identity = verdict.identity ?? result.offer.identity
            // Above a layer that secured the stream each byte is sealed already.
            if let transform = verdict.transform, result.sealer == nil {
                result.sealer = transform.makeSealer()
                result.opener = transform.makeOpener()
            }
            if let mac = verdict.exportedMAC { result.exportedMACs.append(mac) }
            admit()
        }
    }

    private mutating func admit() {
        guard role == .listener else { return complete() }
        phase = .admitting
        pending = .admit(result.offer)
    }

    private mutating func complete() {
        phase = .over
        pending = .done(result)
    }

    private mutating func write(_ message: ByteBuffer) throws(PatchbayError) {
        var frame = ByteBuffer()
        do {
            if framing.checksBodies { try message.withUnsafeReadableBytes { try framing.check(body: $0) } }
            try framing.writeHeader(bodyBytes: message.readableBytes, into: &frame)
        } catch {
            throw PatchbayError(
                .encodingFailed,
                "the framing cannot carry a message of the authenticator",
                stage: .authenticate,
                cause: error
            )
        }
        frame.writeImmutableBuffer(message)
        framing.writeTrailer(into: &frame)
        try result.write(frame, to: &output)
    }

    /// Takes one message off the wire.
    /// - Returns: nil, or how many bytes the wire must have for the next one.
    private mutating func receive(_ wire: inout ByteBuffer) throws(PatchbayError) -> Int? {
        guard result.opener != nil else { return try takeMessage(&wire) }
        while true {
            var opened = result.opened
            if try takeMessage(&opened) == nil {
                result.opened = opened
                return nil
            }
            if let needed = try result.open(&wire, upTo: largestMessage) { return needed }
        }
    }

    private mutating func takeMessage(_ wire: inout ByteBuffer) throws(PatchbayError) -> Int? {
        let scan: FrameScan
        do {
            scan = try wire.withUnsafeReadableBytes { bytes throws(PatchbayError) in
                try decoder.scan(bytes, atEnd: false, maximum: largestMessage)
            }
        } catch  where error.code == .messageTooLarge {
            throw PatchbayError(
                .protocolViolation,
                "the peer sent more than the \(largestMessage) bytes that a message of the authentication may have; it may not authenticate at all",
                stage: .authenticate,
                cause: error
            )
        }
        switch scan {
        case .need(let count): return count
        case .frame(let header, let body, let trailer):
            hasHeard = true
            wire.moveReaderIndex(forwardBy: header)
            let message = ByteBuffer(bytes: wire.readableBytesView.prefix(body))
            wire.moveReaderIndex(forwardBy: body + trailer)
            try drive(.message(message))
            return nil
        case .fragment, .control, .end:
            throw PatchbayError(
                .protocolViolation,
                "the peer sent a frame that is no message, before it authenticated",
                stage: .authenticate
            )
        }
    }
}
