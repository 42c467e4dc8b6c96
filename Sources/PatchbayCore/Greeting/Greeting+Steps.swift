internal import NIOCore

extension Greeting {
    /// Goes on until something is needed from outside.
    mutating func move(_ wire: inout ByteBuffer) throws(PatchbayError) -> OpeningStep {
        while true {
            if let step = pending {
                if output.readableBytes > 0 { return .send(takeOutput()) }
                pending = nil
                return step
            }
            switch phase {
            case .fresh:
                if role == .dialer { try sendHello() }
                phase = .preface
            case .verdict(let verdict): try drive(.verdict(verdict))
            case .admitted:
                try sendFinish()
                phase = .finish
            case .working, .admitting, .over:
                throw PatchbayError(.invalidArgument, "the greeting waits for an answer, or is over", stage: .handshake)
            case .preface, .hello, .authenticating, .details, .finish:
                guard let needed = try receive(&wire) else { continue }
                return output.readableBytes > 0 ? .send(takeOutput()) : .need(needed)
            }
        }
    }

    /// Takes one thing off the wire.
    /// - Returns: nil, or how many bytes the wire must have for the next one.
    private mutating func receive(_ wire: inout ByteBuffer) throws(PatchbayError) -> Int? {
        if case .preface = phase { return try result.opener == nil ? receivePreface(&wire) : receiveSealedPreface(&wire) }
        let frame: ByteBuffer
        switch try nextFrame(&wire) {
        case .need(let count): return count
        case .frame(let whole): frame = whole
        }
        // The header was checked by the decoder; the frame has a kind at least.
        let kind = ControlKind(rawValue: frame.getInteger(at: frame.readerIndex + LengthFraming.headerBytes) ?? 0)
        var content = frame
        content.moveReaderIndex(forwardBy: LengthFraming.headerBytes + 1)
        if kind == .error {
            isSilent = true
            throw PeerRefusal(content).error(ownStack: hello.stack)
        }
        switch (phase, kind) {
        case (.hello, .hello):
            try record(frame)
            try take(Hello(content, carriesDetails: securing == nil))
        case (.authenticating, .auth):
            try record(frame)
            try drive(.message(content))
        case (.details, .details):
            try record(frame)
            takeDetails(try Hello.Details(content))
            if role == .listener { try send(.details, encodedDetails()) }
            try startIdentity()
        case (.finish, .finish):
            try checkFinish(content)
            try record(frame)
            if role == .dialer { try sendFinish() }
            complete()
        default:
            throw GreetingFields.violation("frame kind \(kind.rawValue) where the greeting expects \(expected)")
        }
        return nil
    }

    private var expected: String {
        switch phase {
        case .hello: "HELLO"
        case .authenticating: "AUTH"
        case .details: "DETAILS"
        default: "FINISH"
        }
    }

    private mutating func take(_ peer: Hello) throws(PatchbayError) {
        guard peer.nonce != hello.nonce else {
            throw GreetingFields.violation("this end's own greeting back; it may be an echo service, or this very end")
        }
        guard peer.stack == hello.stack else { throw PeerRefusal.mismatch(own: hello.stack, peer: peer.stack) }
        result.peerLargestMessage = Int(clamping: peer.largestMessage)
        result.minorVersion = min(peer.minorVersion, hello.minorVersion)
        if let details = peer.details { takeDetails(details) }
        if role == .listener { try sendHello() }
        if let securing {
            isSecuring = true
            try start(securing)
        } else {
            try startIdentity()
        }
    }

    private mutating func takeDetails(_ details: Hello.Details) {
        result.offer.user = details.user
        result.offer.data = details.data
    }

    private func encodedDetails() throws(PatchbayError) -> ByteBuffer {
        var content = ByteBuffer()
        try details.write(into: &content)
        return content
    }

    private mutating func sendHello() throws(PatchbayError) {
        let content = try hello.encoded()
        try writePreface()
        try send(.hello, content)
    }

    // MARK: Authenticators

    private mutating func startIdentity() throws(PatchbayError) {
        isSecuring = false
        guard let identity else { return startFinish() }
        try start(identity)
    }

    private mutating func start(_ authenticator: any Authenticator) throws(PatchbayError) {
        let user = role == .dialer ? details.user : result.offer.user
        let context = HandshakeContext(role: role, transcript: transcript, peer: result.offer.peer, user: user)
        handshake = try PatchbayError.authenticating { try authenticator.makeHandshake(context) }
        try drive(.start)
    }

    private mutating func drive(_ input: HandshakeInput) throws(PatchbayError) {
        guard var machine = handshake else { return }
        let step = try PatchbayError.authenticating { try machine.step(input) }
        handshake = machine
        for message in step.output { try send(.auth, message) }
        switch step.next {
        case .receive: phase = .authenticating
        case .perform(let work):
            phase = .working
            pending = .perform(work)
        case .done(let verdict):
            handshake = nil
            try take(verdict)
        }
    }

    private mutating func take(_ verdict: HandshakeResult) throws(PatchbayError) {
        result.offer.identity = verdict.identity ?? result.offer.identity
        if let mac = verdict.exportedMAC { result.exportedMACs.append(mac) }
        // Below a securing layer each byte is sealed already.
        if let transform = verdict.transform, result.sealer == nil {
            result.sealer = transform.makeSealer()
            result.opener = transform.makeOpener()
        }
        guard isSecuring else { return startFinish() }
        guard result.sealer != nil else {
            throw PatchbayError(
                .authenticationFailed,
                "the securing layer left the stream open; its plugin is at fault",
                stage: .authenticate
            )
        }
        if role == .dialer { try send(.details, encodedDetails()) }
        phase = .details
    }

    // MARK: The end

    private mutating func startFinish() {
        switch role {
        case .dialer: phase = .finish
        case .listener:
            phase = .admitting
            pending = .admit(result.offer)
        }
    }

    /// The confirmation that an end sends at this point: a MAC of every authenticator that exports one.
    private func confirmation(of role: Role) -> ByteBuffer {
        var input = ByteBuffer(string: "patchbay finish \(role.rawValue)\0")
        input.writeImmutableBuffer(transcript)
        var confirmation = ByteBuffer()
        for mac in result.exportedMACs { confirmation.writeImmutableBuffer(mac(input)) }
        return confirmation
    }

    private mutating func sendFinish() throws(PatchbayError) { try send(.finish, confirmation(of: role)) }

    private func checkFinish(_ content: ByteBuffer) throws(PatchbayError) {
        let wanted = confirmation(of: role == .dialer ? .listener : .dialer)
        let isRight = wanted.withUnsafeReadableBytes { wanted in
            content.withUnsafeReadableBytes { constantTimeEqual(wanted, $0) }
        }
        guard isRight else {
            throw PatchbayError(
                .authenticationFailed,
                "the peer's FINISH does not fit what was said before: someone changed the greeting on its way",
                stage: .authenticate
            )
        }
    }

    private mutating func complete() {
        phase = .over
        pending = .done(result)
    }
}

extension PatchbayError {
    /// Runs a call of an authenticator, and wraps what else it throws.
    static func authenticating<Result>(_ body: () throws -> Result) throws(PatchbayError) -> Result {
        do {
            return try body()
        } catch let error as PatchbayError {
            throw error
        } catch {
            throw PatchbayError(.authenticationFailed, "the authenticator failed", stage: .authenticate, cause: error)
        }
    }
}
