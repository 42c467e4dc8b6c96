public import PatchbayCore

/// A user's password, proved by both ends and sent by none (SCRAM-SHA-256, RFC 5802 and RFC 7677): the layer `scram`.
///
/// Each proof is bound to the greeting. What follows the handshake is as open as the layer below leaves it.
public struct SCRAMPlugin: Plugin {
    /// What a dialer computes for a listener where its URL is silent: more than new verifiers ask for, and still well within a handshake.
    private static let mostIterations = 1_000_000

    private let gates = SCRAMAuthenticator.Gates()

    public init() {}

    public var name: String { "scram" }
    public var version: String { "1.0.0" }
    public var summary: String { "Proves to each end that the other knows a user's password, and sends it to neither" }

    public func register(into registrar: inout Registrar) {
        let gates = gates
        registrar.add(
            Layer(
                name: SCRAMAuthenticator.layer,
                summary: "SCRAM-SHA-256: both ends prove a user's password, bound to the greeting; what follows is open",
                options: Self.options,
                examples: [
                    "json+scram+unix://worker@/run/worker.sock?password-file=worker.password",
                    "json+scram+tcp://127.0.0.1:7000?verifiers=/etc/worker.verifiers",
                ],
                maker: .authenticator(
                    AuthenticatorTraits(medium: .greeting, leavesStreamOpen: true, passwordOption: "password")
                ) { options in
                    try SCRAMAuthenticator(
                        password: options.secret("password"),
                        verifiers: options.text("verifiers"),
                        iterations: options.integer("iterations") ?? SCRAMVerifier.standardIterations,
                        mostIterations: options.integer("max-iterations") ?? Self.mostIterations,
                        gates: gates
                    )
                }
            )
        )
    }

    private static var options: [OptionSpecification] {
        [
            OptionSpecification(
                "password",
                .text,
                isSecret: true,
                summary: "the dialer's password, at most \(Passphrase.longest) bytes; at a listener without verifiers, everybody's"
            ),
            OptionSpecification(
                "verifiers",
                .path,
                summary: "the listener's file of users and verifiers; `patchbay key --scram` makes lines for it"
            ),
            OptionSpecification(
                "iterations",
                .integer(SCRAMVerifier.iterations),
                default: "\(SCRAMVerifier.standardIterations)",
                summary: "of PBKDF2, that a listener with a password asks of dialers; verifiers have their own"
            ),
            OptionSpecification(
                "max-iterations",
                .integer(SCRAMVerifier.iterations),
                default: "\(mostIterations)",
                summary: "the most that a dialer computes for a listener; one that asks for more is refused"
            ),
        ]
    }
}
