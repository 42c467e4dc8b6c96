/// What a URL can say of the connection itself, whatever its layers.
public struct ConnectionOptions: Sendable {
    /// What a route over this connection costs: cheaper ones win.
    public var cost: Int
    /// For dialling and the handshake together; nil without a limit.
    public var timeout: Duration?
    /// For the handshake alone; nil without a limit.
    public var handshakeTimeout: Duration?
    /// For one receive; nil without a limit.
    public var receiveTimeout: Duration?
    /// For one send; nil without a limit.
    public var sendTimeout: Duration?
    /// For flushing and for the peer's end while closing.
    public var closeTimeout: Duration
    /// The largest message, in bytes.
    public var maxMessage: Int
    /// Outgoing bytes above which a send suspends.
    public var highWater: Int
    /// Connections of a listener that have not yet authenticated.
    public var maxPending: Int
    /// Descriptors are sent and received beside the messages.
    public var descriptors: Bool
    /// The URL accepts a stack that others can read or change.
    public var insecure: Bool

    /// All of them, as a URL writes them.
    public static let specifications: [OptionSpecification] = [
        OptionSpecification(
            "cost",
            .integer(0...Int.max),
            summary: "what a route over this connection costs; the transport has a default"
        ),
        OptionSpecification(
            "timeout",
            .duration(.milliseconds(1)...longest, orNone: true),
            default: "10s",
            summary: "dialling and handshake together"
        ),
        OptionSpecification(
            "handshake-timeout",
            .duration(.milliseconds(1)...longest, orNone: true),
            default: "5s",
            summary: "the handshake alone"
        ),
        OptionSpecification(
            "receive-timeout",
            .duration(.zero...longest, orNone: true),
            default: "none",
            summary: "one receive"
        ),
        OptionSpecification(
            "send-timeout",
            .duration(.zero...longest, orNone: true),
            default: "none",
            summary: "one send"
        ),
        OptionSpecification(
            "close-timeout",
            .duration(.zero...longest, orNone: false),
            default: "2s",
            summary: "flush and wait for the peer's end"
        ),
        OptionSpecification(
            "max-message",
            .size(1...4_294_967_295),
            default: "16MiB",
            summary: "the largest message"
        ),
        OptionSpecification(
            "high-water",
            .size(1...4_294_967_295),
            default: "256KiB",
            summary: "outgoing bytes above which a send waits"
        ),
        OptionSpecification(
            "max-pending",
            .integer(1...1_000_000),
            default: "512",
            summary: "connections of a listener not yet authenticated"
        ),
        OptionSpecification(
            "descriptors",
            .flag,
            default: "false",
            summary: "send and receive descriptors beside the messages: Unix sockets"
        ),
        OptionSpecification(
            "insecure",
            .flag,
            default: "false",
            summary: "accept a stack that others can read or change"
        ),
        OptionSpecification(
            "auth",
            .choice(["none"]),
            summary: "none: leave out the authenticator of an alias"
        ),
    ]

    private static let longest: Duration = .seconds(365 * 24 * 3600)

    /// - Parameter defaultCost: the transport's.
    init(_ options: Options, defaultCost: Int) {
        cost = options.integer("cost") ?? defaultCost
        timeout = options.duration("timeout")
        handshakeTimeout = options.duration("handshake-timeout")
        receiveTimeout = options.duration("receive-timeout")
        sendTimeout = options.duration("send-timeout")
        closeTimeout = options.duration("close-timeout") ?? .seconds(2)
        maxMessage = options.integer("max-message") ?? 16 << 20
        highWater = options.integer("high-water") ?? 256 << 10
        maxPending = options.integer("max-pending") ?? 512
        descriptors = options.flag("descriptors")
        insecure = options.flag("insecure")
    }
}
