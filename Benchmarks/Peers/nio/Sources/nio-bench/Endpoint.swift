internal import NIOCore
internal import NIOPosix

/// Where to listen or to connect, with the settings that NIO is fastest with. The rest are its defaults: larger read buffers
/// halve the rate of large messages in flight, and higher water marks gain nothing.
struct Endpoint: Sendable {
    let address: SocketAddress
    let group: MultiThreadedEventLoopGroup

    private var isTCP: Bool { address.protocol != .unix }

    init(_ url: String, threads: Int, takesOver: Bool) throws {
        if url.hasPrefix("unix://") {
            address = try SocketAddress(unixDomainSocketPath: String(url.dropFirst("unix://".count)))
        } else if url.hasPrefix("tcp://"), let colon = url.lastIndex(of: ":"), let port = Int(url[url.index(after: colon)...]) {
            address = try SocketAddress(ipAddress: String(url["tcp://".endIndex..<colon]), port: port)
        } else {
            fail("'\(url)' is neither tcp://ADDRESS:PORT nor unix:///path")
        }
        group = takesOver ? .singleton : MultiThreadedEventLoopGroup(numberOfThreads: threads)
    }

    var server: ServerBootstrap {
        let bootstrap = ServerBootstrap(group: group)
            // With the defaults a burst of connections overflows the queue, and a SYN that is dropped waits for a second.
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.maxMessagesPerRead, value: 256)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 16)
        return isTCP ? bootstrap.childChannelOption(.tcpOption(.tcp_nodelay), value: 1) : bootstrap
    }

    /// `unbounded`: no write waits for room, for a client that bounds itself what is on its way.
    func client(on loop: any EventLoop, unbounded: Bool = false) -> ClientBootstrap {
        let bootstrap = ClientBootstrap(group: loop)
            .channelOption(.maxMessagesPerRead, value: 16)
            .channelOption(
                .writeBufferWaterMark,
                value: unbounded ? .init(low: 1 << 29, high: 1 << 30) : .init(low: 32 << 10, high: 64 << 10)
            )
        return isTCP ? bootstrap.channelOption(.tcpOption(.tcp_nodelay), value: 1) : bootstrap
    }
}
