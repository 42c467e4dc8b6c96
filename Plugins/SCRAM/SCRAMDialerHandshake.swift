internal import NIOCore
internal import PatchbayCore

/// Sends the user, answers what the listener asks, and verifies its signature.
struct SCRAMDialerHandshake: Handshake {
    private enum State {
        case idle, over
        case awaitingChallenge
        case deriving(ClientChallenge, Finding<SaltedKeys>)
        case awaitingSignature(ClientProof)
    }

    private let exchange: ClientExchange
    private let passphrase: Passphrase
    private let iterations: ClosedRange<Int>
    private let gate: VerificationGate
    private var state = State.idle

    init(exchange: ClientExchange, passphrase: Passphrase, iterations: ClosedRange<Int>, gate: VerificationGate) {
        self.exchange = exchange
        self.passphrase = passphrase
        self.iterations = iterations
        self.gate = gate
    }

    mutating func step(_ input: HandshakeInput) throws -> HandshakeStep {
        let state = state
        self.state = .over
        switch (state, input) {
        case (.idle, .start):
            self.state = .awaitingChallenge
            return HandshakeStep(output: [ByteBuffer(bytes: exchange.message)], next: .receive)
        case (.awaitingChallenge, .message(let message)):
            let challenge = try exchange.challenge(Array(message.readableBytesView), iterations: iterations)
            if let keys = passphrase.knownKeys(salt: challenge.salt, iterations: challenge.iterations) { return answer(challenge, keys) }
            let found = Finding<SaltedKeys>()
            self.state = .deriving(challenge, found)
            return HandshakeStep(next: .perform(derivation(for: challenge, into: found)))
        case (.deriving(let challenge, let found), .verdict(true)):
            guard let keys = found.get() else { throw PatchbayError.outOfTurn }
            return answer(challenge, keys)
        case (.awaitingSignature(let proof), .message(let message)):
            let exportedMAC = try proof.verify(Array(message.readableBytesView))
            return HandshakeStep(next: .done(HandshakeResult(exportedMAC: exportedMAC)))
        default: throw PatchbayError.outOfTurn
        }
    }

    private mutating func answer(_ challenge: ClientChallenge, _ keys: SaltedKeys) -> HandshakeStep {
        let (message, proof) = challenge.answer(keys)
        state = .awaitingSignature(proof)
        return HandshakeStep(output: [ByteBuffer(bytes: message)], next: .receive)
    }

    private func derivation(for challenge: ClientChallenge, into found: Finding<SaltedKeys>) -> @Sendable () async throws -> Bool {
        let gate = gate
        let passphrase = passphrase
        let (salt, iterations) = (challenge.salt, challenge.iterations)
        return {
            found.set(try await gate.withPass { try passphrase.keys(salt: salt, iterations: iterations) })
            return true
        }
    }
}

extension PatchbayError {
    static var outOfTurn: PatchbayError { .malformed("a message that this handshake does not ask for") }
}
