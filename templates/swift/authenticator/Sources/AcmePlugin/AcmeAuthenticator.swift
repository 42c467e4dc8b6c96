public import NIOCore
public import PatchbayCore

/// The dialer says a token that both ends know.
///
/// A method that proves the knowledge of a secret without sending it binds its proof to the transcript, and exports a code.
public struct AcmeAuthenticator: Authenticator {
    private let token: ByteBuffer

    public init(token: ByteBuffer) { self.token = token }

    public func makeHandshake(_ context: HandshakeContext) -> any Handshake { AcmeHandshake(role: context.role, token: token) }
}

/// One end of one authentication: a pure state machine.
struct AcmeHandshake: Handshake {
    let role: Role
    let token: ByteBuffer

    /// What the listener answers to the right token.
    private static let welcome = ByteBuffer(string: "welcome")

    mutating func step(_ input: HandshakeInput) throws -> HandshakeStep {
        switch (role, input) {
        case (.dialer, .start): return HandshakeStep(output: [token], next: .receive)
        case (.dialer, .message(Self.welcome)): return HandshakeStep(next: .done(HandshakeResult()))
        case (.listener, .start): return HandshakeStep(next: .receive)
        case (.listener, .message(let message)):
            guard isToken(message) else {
                throw PatchbayError(
                    .authenticationFailed,
                    "the peer's token is another; give both ends the same",
                    stage: .authenticate,
                    layer: "acme"
                )
            }
            return HandshakeStep(output: [Self.welcome], next: .done(HandshakeResult()))
        default:
            throw PatchbayError(
                .protocolViolation,
                "the listener's answer is none of acme's; check that both ends speak it",
                stage: .authenticate,
                layer: "acme"
            )
        }
    }

    /// As long for a token that differs in its first byte as for one that differs in its last.
    private func isToken(_ message: ByteBuffer) -> Bool {
        guard message.readableBytes == token.readableBytes else { return false }
        return zip(message.readableBytesView, token.readableBytesView).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
