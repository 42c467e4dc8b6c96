public import NIOCore
public import PatchbayCore

/// A user and a password, sent by the dialer and verified by the listener: the layer `password`.
///
/// The password travels as it is, so that over a network the stack needs a layer that encrypts.
public struct PasswordPlugin: Plugin {
    /// Decides about a user and a password.
    ///
    /// Called at most twice at a time per plugin, off the reactor. Its throw refuses the connection, as `false` does. It should
    /// take as long for an unknown user as for a known one; ``PasswordHash/verify(_:)`` against any hash does.
    public typealias Verifier = @Sendable (_ user: String, _ password: ByteBuffer) async throws -> Bool

    private let verifier: Verifier?
    private let gate = VerificationGate(limit: 2, layer: PasswordAuthenticator.layer)

    /// - Parameter verifier: what listeners ask whose URL names no file of hashes with `password.file=`.
    public init(verifier: Verifier? = nil) { self.verifier = verifier }

    public var name: String { "password" }
    public var version: String { "1.0.0" }
    public var summary: String { "Proves to the listener that the dialer knows a user's password" }

    public func register(into registrar: inout Registrar) {
        let verifier = verifier
        let gate = gate
        registrar.add(
            Layer(
                name: PasswordAuthenticator.layer,
                summary: "the dialer sends a user and a password, which the listener verifies; the password travels as it is",
                options: [
                    OptionSpecification(
                        "password",
                        .text,
                        isSecret: true,
                        summary: "the dialer's password, at most \(Credentials.longestPassword) bytes"
                    ),
                    OptionSpecification(
                        "file",
                        .path,
                        summary: "the listener's file of users and scrypt hashes; `patchbay key --password` makes lines for it"
                    ),
                ],
                examples: [
                    "json+password+unix://worker@/run/worker.sock?password-file=worker.password",
                    "json+password+unix:///run/worker.sock?password.file=/etc/worker.users",
                ],
                maker: .authenticator(
                    AuthenticatorTraits(medium: .greeting, revealsSecret: true, leavesStreamOpen: true, passwordOption: "password")
                ) { options in
                    let source: PasswordAuthenticator.Source? =
                        if let path = options.text("file") {
                            .file(UserFile(path: path, format: .passwords))
                        } else {
                            verifier.map { .verifier($0) }
                        }
                    return try PasswordAuthenticator(password: options.secret("password"), source: source, gate: gate)
                }
            )
        )
    }
}
