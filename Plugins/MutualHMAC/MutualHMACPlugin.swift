public import PatchbayCore

/// Mutual authentication by a shared key, with a MAC on everything that follows: the layer `hmac`.
public struct MutualHMACPlugin: Plugin {
    public init() {}

    public var name: String { "mutual-hmac" }
    public var version: String { "1.0.0" }
    public var summary: String { "Proves to both ends that the other holds the same key, and authenticates every record" }

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: MutualHMACAuthenticator.layer,
                summary: "both ends prove that they hold one key; every record carries a MAC; nothing is encrypted",
                options: [SharedKey.option],
                examples: ["json+hmac+tcp://127.0.0.1:7000?key-file=worker.key", "hmac+unix:///run/worker.sock?key-env=WORKER_KEY"],
                maker: .authenticator(AuthenticatorTraits(medium: .greeting, passwordOption: "key")) { options in
                    MutualHMACAuthenticator(
                        key: try SharedKey.checked(options.secret(SharedKey.option.name), layer: MutualHMACAuthenticator.layer)
                    )
                }
            )
        )
    }
}
