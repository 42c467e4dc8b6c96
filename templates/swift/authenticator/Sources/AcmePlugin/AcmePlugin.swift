public import PatchbayCore

/// Registers the authenticator `acme`.
public struct AcmePlugin: Plugin {
    public let name = "acme"
    public let version = "0.1.0"
    public let summary = "a token that both ends know"

    public init() {}

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: "acme",
                summary: "the dialer says a token, and the listener compares it",
                options: [OptionSpecification("token", .text, isSecret: true, isRequired: true, summary: "what both ends know")],
                examples: ["json+acme+unix:///run/worker.sock?acme.token-file=worker.token"],
                // It sends the secret as it is, and says so: over a network it then needs an encrypting layer.
                maker: .authenticator(
                    AuthenticatorTraits(medium: .greeting, revealsSecret: true, leavesStreamOpen: true, passwordOption: "token")
                ) { options in
                    guard let token = options.secret("token"), token.readableBytes > 0 else {
                        throw PatchbayError(
                            .missingOption,
                            "acme needs a token, as in acme.token-file=worker.token",
                            stage: .authenticate,
                            layer: "acme"
                        )
                    }
                    return AcmeAuthenticator(token: token)
                }
            )
        )
    }
}
