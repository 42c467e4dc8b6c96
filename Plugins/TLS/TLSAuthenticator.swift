internal import PatchbayCore

/// The layer `tls`, not yet of one end.
struct TLSAuthenticator: Authenticator {
    let options: TLSOptions

    func fitted(to end: AuthenticatorEnd) throws -> any Authenticator { TLSEnd(settings: try TLSSettings(options, for: end)) }

    func makeHandshake(_ context: HandshakeContext) throws -> any Handshake {
        try fitted(to: AuthenticatorEnd(role: context.role)).makeHandshake(context)
    }
}

/// The layer `tls` at one end of one URL: its files are read.
private struct TLSEnd: Authenticator {
    let settings: TLSSettings

    func makeHandshake(_ context: HandshakeContext) throws -> any Handshake { try TLSHandshake(settings) }
}
