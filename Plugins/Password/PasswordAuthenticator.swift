internal import NIOCore
internal import PatchbayCore

/// The layer `password`.
struct PasswordAuthenticator: Authenticator {
    static let layer = "password"

    /// Who knows the passwords at the listener.
    enum Source: Sendable {
        case file(UserFile<PasswordHash>)
        case verifier(PasswordPlugin.Verifier)
    }

    private let password: ByteBuffer?
    private let source: Source?
    private let gate: VerificationGate

    init(password: ByteBuffer?, source: Source?, gate: VerificationGate) throws(PatchbayError) {
        if let password { _ = try Credentials(user: "-", password: password) }
        self.password = password
        self.source = source
        self.gate = gate
    }

    func makeHandshake(_ context: HandshakeContext) throws -> any Handshake {
        switch context.role {
        case .dialer:
            guard let user = context.user, let password else {
                throw PatchbayError(
                    .missingOption,
                    "password needs a user and a password: write user:password@ in the URL, or user@ and password-file=",
                    stage: .authenticate,
                    layer: Self.layer
                )
            }
            return PasswordDialerHandshake(credentials: try Credentials(user: user, password: password))
        case .listener:
            guard let source else {
                throw PatchbayError(
                    .missingOption,
                    "password needs to know the users at the listener: give password.file=, or register PasswordPlugin(verifier:)",
                    stage: .authenticate,
                    layer: Self.layer
                )
            }
            return PasswordListenerHandshake(user: context.user, source: source, gate: gate)
        }
    }
}
