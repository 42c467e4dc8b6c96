internal import PatchbayCore
internal import PatchbayIO

/// One look at what the kernel said when the stream came to be.
struct PeerCredentialsHandshake: Handshake {
    private let credentials: PeerCredentials?
    private let authenticator: PeerCredentialsAuthenticator
    private var isOver = false

    init(credentials: PeerCredentials?, authenticator: PeerCredentialsAuthenticator) {
        self.credentials = credentials
        self.authenticator = authenticator
    }

    mutating func step(_ input: HandshakeInput) throws -> HandshakeStep {
        guard case .start = input, !isOver else {
            throw failure(.protocolViolation, "peercred: a message, where none belongs")
        }
        isOver = true
        guard let credentials else {
            throw failure(
                .unsupported,
                "this transport does not tell who the peer is; peercred works over Unix sockets: unix, abstract and node"
            )
        }
        guard authenticator.admits(credentials) else {
            throw failure(
                .authenticationFailed,
                "the peer runs as uid \(credentials.userID), gid \(credentials.groupID), which uid= and gid= do not admit"
            )
        }
        return HandshakeStep(next: .done(HandshakeResult(identity: "uid:\(credentials.userID)")))
    }

    private func failure(_ code: PatchbayError.Code, _ message: String) -> PatchbayError {
        PatchbayError(code, message, stage: .authenticate, layer: PeerCredentialsAuthenticator.layer)
    }
}
