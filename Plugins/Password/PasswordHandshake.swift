internal import NIOCore
internal import PatchbayCore

/// The listener's one word: a byte of 1. A refusal has no word here; the greeting tells it.
private let acceptance: UInt8 = 1

/// Sends the credentials and waits for the verdict.
struct PasswordDialerHandshake: Handshake {
    private enum State {
        case idle, awaitingVerdict, over
    }

    private let credentials: Credentials
    private var state = State.idle

    init(credentials: Credentials) { self.credentials = credentials }

    mutating func step(_ input: HandshakeInput) throws -> HandshakeStep {
        let state = state
        self.state = .over
        switch (state, input) {
        case (.idle, .start):
            self.state = .awaitingVerdict
            return HandshakeStep(output: [credentials.write()], next: .receive)
        case (.awaitingVerdict, .message(let message)):
            guard message.readableBytes == 1, message.getInteger(at: message.readerIndex) == acceptance else { throw unexpected() }
            // The listener proved nothing: who it is, is the business of the layer below.
            return HandshakeStep(next: .done(HandshakeResult()))
        default: throw unexpected()
        }
    }
}

/// Receives the credentials and has them verified.
struct PasswordListenerHandshake: Handshake {
    private enum State {
        case idle, awaitingCredentials, over
        case awaitingVerdict(user: String)
    }

    private let user: String?
    private let source: PasswordAuthenticator.Source
    private let gate: VerificationGate
    private var state = State.idle

    /// - Parameter user: what the greeting already says; the credentials must not say otherwise.
    init(user: String?, source: PasswordAuthenticator.Source, gate: VerificationGate) {
        self.user = user
        self.source = source
        self.gate = gate
    }

    mutating func step(_ input: HandshakeInput) throws -> HandshakeStep {
        let state = state
        self.state = .over
        switch (state, input) {
        case (.idle, .start):
            self.state = .awaitingCredentials
            return HandshakeStep(next: .receive)
        case (.awaitingCredentials, .message(let message)):
            let credentials = try Credentials(reading: message)
            guard user == nil || user == credentials.user else {
                throw PatchbayError(
                    .protocolViolation,
                    "password: the greeting names another user than the credentials",
                    stage: .authenticate,
                    layer: PasswordAuthenticator.layer
                )
            }
            self.state = .awaitingVerdict(user: credentials.user)
            return HandshakeStep(next: .perform(verification(of: credentials)))
        case (.awaitingVerdict(let user), .verdict(let isRight)):
            guard isRight else {
                throw PatchbayError(
                    .authenticationFailed,
                    "the user or the password is wrong",
                    stage: .authenticate,
                    layer: PasswordAuthenticator.layer
                )
            }
            return HandshakeStep(output: [ByteBuffer(integer: acceptance)], next: .done(HandshakeResult(identity: user)))
        default: throw unexpected()
        }
    }

    private func verification(of credentials: Credentials) -> @Sendable () async throws -> Bool {
        let gate = gate
        let source = source
        return { try await gate.withPass { try await Self.verify(credentials, by: source) } }
    }

    private static func verify(_ credentials: Credentials, by source: PasswordAuthenticator.Source) async throws -> Bool {
        switch source {
        case .file(let file): try file.table().verify(credentials)
        case .verifier(let verifier): try await verifier(credentials.user, credentials.password)
        }
    }
}

private func unexpected() -> PatchbayError {
    PatchbayError(
        .protocolViolation,
        "password: a message that this handshake does not ask for",
        stage: .authenticate,
        layer: PasswordAuthenticator.layer
    )
}
