internal import NIOCore
internal import PatchbayCore

/// Reads the user, asks for a proof, verifies it, and signs.
struct SCRAMListenerHandshake: Handshake {
    private enum State {
        case idle, over
        case awaitingUser
        case lookingUp(ServerExchange, Finding<SCRAMVerifier>)
        case awaitingProof(ServerChallenge, user: String)
    }

    private let user: String?
    private let binding: ChannelBinding
    private let nonce: String
    private let users: SCRAMUsers
    private let gates: SCRAMAuthenticator.Gates
    private var state = State.idle

    /// - Parameter user: what the greeting already says; the exchange must not say otherwise.
    init(user: String?, binding: ChannelBinding, nonce: String, users: SCRAMUsers, gates: SCRAMAuthenticator.Gates) {
        self.user = user
        self.binding = binding
        self.nonce = nonce
        self.users = users
        self.gates = gates
    }

    mutating func step(_ input: HandshakeInput) throws -> HandshakeStep {
        let state = state
        self.state = .over
        switch (state, input) {
        case (.idle, .start):
            self.state = .awaitingUser
            return HandshakeStep(next: .receive)
        case (.awaitingUser, .message(let message)):
            let exchange = try ServerExchange(Array(message.readableBytesView), binding: binding)
            guard user?.utf8.elementsEqual(exchange.user.utf8) ?? true else {
                throw PatchbayError.malformed("the greeting names another user than the exchange")
            }
            if case .everyone(let common) = users, let verifier = common.known { return ask(exchange, verifier) }
            let found = Finding<SCRAMVerifier>()
            self.state = .lookingUp(exchange, found)
            return HandshakeStep(next: .perform(search(for: exchange.user, into: found)))
        case (.lookingUp(let exchange, let found), .verdict(true)):
            guard let verifier = found.get() else { throw PatchbayError.outOfTurn }
            return ask(exchange, verifier)
        case (.awaitingProof(let challenge, let user), .message(let message)):
            let (signature, exportedMAC) = try challenge.verify(Array(message.readableBytesView))
            let result = HandshakeResult(identity: users.areTold ? user : nil, exportedMAC: exportedMAC)
            return HandshakeStep(output: [ByteBuffer(bytes: signature)], next: .done(result))
        default: throw PatchbayError.outOfTurn
        }
    }

    private mutating func ask(_ exchange: ServerExchange, _ verifier: SCRAMVerifier) -> HandshakeStep {
        let (message, challenge) = exchange.challenge(verifier, nonce: nonce)
        state = .awaitingProof(challenge, user: exchange.user)
        return HandshakeStep(output: [ByteBuffer(bytes: message)], next: .receive)
    }

    private func search(for user: String, into found: Finding<SCRAMVerifier>) -> @Sendable () async throws -> Bool {
        let gates = gates
        let users = users
        return {
            switch users {
            case .file(let file): found.set(try await gates.lookups.withPass { try file.table().verifier(for: user) })
            case .everyone(let common): found.set(try await gates.derivations.withPass { try common.verifier() })
            }
            return true
        }
    }
}
