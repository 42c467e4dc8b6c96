public import PatchbayCore

/// `unix`, `abstract` and `node`: streams over Unix sockets, found by a path, by a name in Linux's abstract namespace, or by the
/// name of a node.
public struct UnixSocketPlugin: Plugin {
    public init() {}

    public var name: String { "unix" }
    public var version: String { "1.0.0" }
    public var summary: String { "Unix sockets, found by a path, an abstract name, or the name of a node" }

    static let backlog = OptionSpecification(
        "backlog",
        .integer(1...65_535),
        default: "4096",
        summary: "connections that may wait to be accepted"
    )
    static let permissions = OptionSpecification(
        "permissions",
        .mode,
        default: "600",
        summary: "of the socket's file; who may write to it may connect"
    )
    static let peerUser = OptionSpecification(
        "peer-uid",
        .choice(["same", "any"]),
        default: "same",
        summary: "whose processes may stand at the other end: one's own, or anybody's"
    )

    public func register(into registrar: inout Registrar) {
        registrar.add(
            Layer(
                name: "unix",
                summary: "a Unix socket at a path, for its user only unless permissions say otherwise",
                options: [Self.permissions, Self.backlog],
                examples: ["json+unix:///run/worker.sock", "/run/worker.sock", "unix:///run/worker.sock?permissions=660"],
                maker: .transport(TransportTraits(target: .path, crossesNetwork: false, cost: 50), UnixTransport())
            )
        )
        registrar.add(
            Layer(
                name: "abstract",
                summary: "a Unix socket with a name of Linux's abstract namespace: no file, and no permissions",
                options: [Self.backlog],
                examples: ["json+abstract://worker"],
                maker: .transport(TransportTraits(target: .name, crossesNetwork: false, cost: 50), AbstractTransport())
            )
        )
        registrar.add(
            Layer(
                name: "node",
                summary: "a node of this machine by its name: a Unix socket in the runtime folder, between processes of one user",
                options: [Self.peerUser, Self.backlog],
                examples: ["node://worker", "worker", "json+node://worker"],
                maker: .transport(TransportTraits(target: .name, crossesNetwork: false, cost: 25), NodeTransport())
            )
        )
    }
}
