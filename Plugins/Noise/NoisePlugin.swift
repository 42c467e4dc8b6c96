public import PatchbayCore

/// Authentication and encryption by the Noise Protocol Framework: the layer `noise`.
public struct NoisePlugin: Plugin {
    public init() {}

    public var name: String { "noise" }
    public var version: String { "1.0.0" }
    public var summary: String { "Encrypts and authenticates everything, under a shared key or under key pairs" }

    /// The URL itself says it.
    private static func isWritten(_ source: Options.Source?) -> Bool {
        switch source {
        case .url, .password, .file, .environment: true
        case .application, .inherited, .default, nil: false
        }
    }

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: NoiseAuthenticator.layer,
                summary:
                    "both ends prove that they hold a key, and everything that follows is encrypted, with new keys for each connection",
                options: [
                    SharedKey.option,
                    OptionSpecification(
                        "pattern",
                        .choice(NoisePattern.allCases.map(\.rawValue)),
                        default: NoisePattern.nnpsk0.rawValue,
                        changesWire: true,
                        summary:
                            "nnpsk0: one key that both ends share; xx: a key pair for each end; ik: the same, where the dialer knows the listener's"
                    ),
                    OptionSpecification(
                        "private-key",
                        .text,
                        isSecret: true,
                        summary: "with xx and ik, this end's own key; `patchbay key --pair` makes one"
                    ),
                    OptionSpecification(
                        "peer",
                        .text,
                        isList: true,
                        summary: "with xx and ik, a public key that the other end may have, or `any`; a dialer with ik names the listener's"
                    ),
                    OptionSpecification(
                        "cipher",
                        .choice(NoiseCipher.allCases.map(\.rawValue)),
                        default: NoiseCipher.chachapoly.rawValue,
                        changesWire: true,
                        summary: "aesgcm is faster where the processor has instructions for AES"
                    ),
                ],
                examples: [
                    "json+noise+tcp://10.0.0.7:7000?key-file=worker.key",
                    "noise+tcp://10.0.0.7:7000?pattern=ik&private-key-file=me.key&peer=5VgAbrWLdlnVuhCmHT0HEfEdj3Vlr6vTV0Fc4xMhLGM",
                ],
                maker: .authenticator(AuthenticatorTraits(medium: .greeting, passwordOption: "key", encrypts: true)) { options in
                    // Both are choices with defaults.
                    let pattern = options.text("pattern").flatMap(NoisePattern.init) ?? .nnpsk0
                    return try NoiseAuthenticator(
                        pattern: pattern,
                        cipher: options.text("cipher").flatMap(NoiseCipher.init) ?? .chachapoly,
                        // A default key is for those who take one.
                        key: pattern.hasSharedKey || Self.isWritten(options.source(of: "key")) ? options.secret("key") : nil,
                        privateKey: options.secret("private-key"),
                        peers: options.list("peer")
                    )
                }
            )
        )
    }
}
