public import PatchbayIO

/// Connects and listens.
public protocol Transport: Sendable {
    /// Dials once. Cancellation abandons the attempt and leaves nothing behind.
    /// - Throws: ``PatchbayError`` at stage `dial`.
    func connect(_ context: TransportContext) async throws -> any ByteStream

    /// Binds and listens.
    /// - Throws: ``PatchbayError`` at stage `listen`.
    func listen(_ context: TransportContext) async throws -> any StreamListener
}

/// Where to, and with what.
public struct TransportContext: Sendable {
    /// The host of `//host:port`, without brackets, percent-decoded, zone kept; nil where the URL has none.
    public var host: String?
    public var port: Int?
    /// The path, percent-decoded; empty where the URL has none.
    public var path: String
    /// The transport's options, checked.
    public var options: Options
    /// Where the stream will live.
    public var reactor: Reactor
    /// What dialling may take in all; nil without a limit. The connection enforces it as well.
    public var timeout: Duration?
    /// What carries this transport, where the URL says so.
    public var carrier: Carrier?

    public init(
        host: String?,
        port: Int?,
        path: String,
        options: Options,
        reactor: Reactor,
        timeout: Duration? = nil,
        carrier: Carrier? = nil
    ) {
        self.carrier = carrier
        self.host = host
        self.port = port
        self.path = path
        self.options = options
        self.reactor = reactor
        self.timeout = timeout
    }
}

/// A bound transport.
public protocol StreamListener: AnyObject, Sendable {
    /// What a peer dials: the authority and path of a URL behind `transport://`, with the real port, percent-encoded.
    var boundTarget: String { get }

    /// The bound address, where there is one.
    var address: Address? { get }

    /// The next stream, which will live on the reactor that `home` gives once there is one; nil after ``close()``.
    ///
    /// A failure that passes (a peer that gave up, no descriptor left) is thrown, and the listener goes on.
    /// Cancellation closes the listener.
    func accept(_ home: @Sendable () -> Reactor) async throws -> (any ByteStream)?

    /// Stops listening and removes what binding left behind, such as the socket's file. Idempotent.
    func close()
}

/// One that knows whom the stream came from that it accepted last, so that the stream need not be asked.
public protocol PeerTellingListener: StreamListener {
    /// Nil before the first.
    var lastPeer: Address? { get }
}
