internal import Crypto
internal import NIOCore
internal import PatchbayCore

/// The layer `scram`.
struct SCRAMAuthenticator: Authenticator {
    static let layer = "scram"

    /// What the handshakes of one plugin share.
    struct Gates: Sendable {
        /// Iterations of PBKDF2, each on a core of its own.
        let derivations = VerificationGate(limit: 2, layer: SCRAMAuthenticator.layer)
        /// Looks at files, which a slow derivation must not hold up.
        let lookups = VerificationGate(limit: 2, layer: SCRAMAuthenticator.layer)
    }

    private let passphrase: Passphrase?
    private let users: SCRAMUsers?
    private let mostIterations: Int
    private let gates: Gates

    /// - Parameters:
    ///   - password: the dialer's; at a listener without `verifiers`, everybody's.
    ///   - verifiers: a path, for a listener.
    ///   - iterations: what a listener with a password asks of dialers.
    ///   - mostIterations: what a dialer computes at most.
    init(
        password: ByteBuffer?,
        verifiers: String?,
        iterations: Int = SCRAMVerifier.standardIterations,
        mostIterations: Int = SCRAMVerifier.iterations.upperBound,
        gates: Gates
    ) throws(PatchbayError) {
        var passphrase: Passphrase?
        if let password { passphrase = try Passphrase(password) }
        self.passphrase = passphrase
        users =
            if let verifiers {
                .file(UserFile(path: verifiers, format: .verifiers))
            } else {
                passphrase.map { .everyone(CommonPassword(passphrase: $0, iterations: iterations)) }
            }
        self.mostIterations = mostIterations
        self.gates = gates
    }

    func makeHandshake(_ context: HandshakeContext) throws -> any Handshake {
        let binding = ChannelBinding(transcript: try context.transcript(for: Self.layer))
        switch context.role {
        case .dialer:
            guard let user = context.user, let passphrase else {
                throw PatchbayError.scram(
                    .missingOption,
                    "scram needs a user and a password: write user:password@ in the URL, or user@ and password-file="
                )
            }
            guard UserName.isPlain(user) else {
                throw PatchbayError.scram(
                    .invalidOption,
                    "a user's name has 1 to \(UserName.longest) bytes, without control characters"
                )
            }
            return SCRAMDialerHandshake(
                exchange: ClientExchange(user: user, nonce: AttributeText.makeNonce(), binding: binding),
                passphrase: passphrase,
                iterations: SCRAMVerifier.iterations.lowerBound...mostIterations,
                gate: gates.derivations
            )
        case .listener:
            guard let users else {
                throw PatchbayError.scram(
                    .missingOption,
                    "scram needs to know the users at the listener: give verifiers=, or a password that is everybody's"
                )
            }
            return SCRAMListenerHandshake(
                user: context.user,
                binding: binding,
                nonce: AttributeText.makeNonce(),
                users: users,
                gates: gates
            )
        }
    }
}
