public import PatchbayCore

/// The peer's user and group as the kernel vouches for them: the layer `peercred`.
public struct PeerCredentialsPlugin: Plugin {
    public init() {}

    public var name: String { "peer-credentials" }
    public var version: String { "1.0.0" }
    public var summary: String { "Admits peers on this machine by their user or group, which the kernel vouches for" }

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: PeerCredentialsAuthenticator.layer,
                summary: "the peer process must run as one of these users or groups; nothing is sent",
                options: [
                    OptionSpecification(
                        "uid",
                        .text,
                        isList: true,
                        summary: "a user that may be at the other end: a number, or `self`; `self` where neither uid nor gid is given"
                    ),
                    OptionSpecification(
                        "gid",
                        .text,
                        isList: true,
                        summary: "a primary group that the other end may have: a number, or `self`; with uid, both must fit"
                    ),
                ],
                examples: ["json+peercred+unix:///run/worker.sock", "peercred+abstract://worker?uid=self&uid=1001"],
                maker: .authenticator(AuthenticatorTraits(medium: .none, transports: ["unix", "abstract", "node"])) { options in
                    try PeerCredentialsAuthenticator(users: options.list("uid"), groups: options.list("gid"))
                }
            )
        )
    }
}
