public import PatchbayCore

/// TLS 1.3 (RFC 8446) with certificates: the layer `tls`.
///
/// In no standard registry: it brings a second BoringSSL with it. An application that wants it registers it.
public struct TLSPlugin: Plugin {
    public init() {}

    public var name: String { "tls" }
    public var version: String { "1.0.0" }
    public var summary: String { "TLS 1.3 below everything else, with certificates for the listener and, where it asks, the dialer" }

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: TLSSettings.layer,
                summary:
                    "TLS 1.3: the listener, and the dialer where that is demanded, prove who they are by certificates; all is encrypted",
                options: TLSOptions.specifications,
                examples: [
                    "json+tls+tcp://worker.example:7000?ca=roots.pem",
                    "json+tls+tcp://0.0.0.0:7000?certificate=worker.pem&private-key-file=worker.key",
                    "json+password+tls+tcp://ada@worker.example:7000?password-file=ada.password&ca=roots.pem",
                    "lines+tls+bare+tcp://mail.example:993?crlf=true&alpn=none",
                ],
                maker: .authenticator(AuthenticatorTraits(medium: .stream, encrypts: true)) { options in
                    TLSAuthenticator(options: try TLSOptions(options))
                }
            )
        )
    }
}
