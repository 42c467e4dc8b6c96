internal import NIOCore
public import PatchbayCore
public import PatchbayIO
public import ServiceLifecycle
internal import Synchronization

/// Shows a relay's state over HTTP: `/` for people, `/status.json`, and `/metrics` for Prometheus.
///
/// It knows GET and HEAD, one request for each connection, at most 32 of them at once, each within 5 s and 8 KiB. In a service group it stands
/// before its relay, so that it is still there while that drains.
public final class RelayStatusServer: Service, Sendable {
    private static let mostConnections = 32
    /// For an answer to one connection too many to arrive.
    private static let farewell = Duration.seconds(1)

    private let relay: Relay
    private let metrics: PrometheusMetrics?
    private let transport: any StreamListener
    private let isPublic: Bool
    private let home: Reactor
    private let reactors: ReactorGroup
    private let patience: Duration
    private let open = Locked(0)
    private let leaving = Locked(0)

    /// Binds.
    /// - Parameters:
    ///   - url: a transport alone, such as `tcp://127.0.0.1:9090`.
    ///   - metrics: what `/metrics` shows; nil: that page is not there.
    ///   - isPublic: other machines may see it. It has no secrets, but tells names and how busy they are to whoever asks.
    ///   - patience: how long one connection may take in all.
    /// - Throws: `insecure` for an address that other machines can reach, unless `isPublic`; what binding throws.
    public nonisolated(nonsending) static func bind(
        _ url: ConnectionURL,
        for relay: Relay,
        metrics: PrometheusMetrics?,
        registry: Registry,
        isPublic: Bool = false,
        patience: Duration = .seconds(5),
        reactors: ReactorGroup = .shared
    ) async throws -> RelayStatusServer {
        let stack = try registry.resolve(url, for: .listener)
        guard stack.authenticators.isEmpty, stack.messageProcessors.isEmpty, stack.streamProcessors.isEmpty else {
            throw PatchbayError(
                .unsupported,
                "the status page takes a host and a port, such as 127.0.0.1:9090",
                stage: .resolve,
                layer: "relay"
            )
        }
        let home = reactors.next()
        let transport = try await stack.transport.listen(stack.transportContext(on: home))
        guard isPublic || transport.address?.isLocal ?? true else {
            transport.close()
            throw PatchbayError(
                .insecure,
                "the status page would show names to other machines; give it a loopback address such as 127.0.0.1:9090, or allow it (--status-anywhere)",
                stage: .listen,
                layer: "relay"
            )
        }
        return RelayStatusServer(relay, metrics, transport, isPublic: isPublic, patience, home, reactors)
    }

    private init(
        _ relay: Relay,
        _ metrics: PrometheusMetrics?,
        _ transport: any StreamListener,
        isPublic: Bool,
        _ patience: Duration,
        _ home: Reactor,
        _ reactors: ReactorGroup
    ) {
        self.relay = relay
        self.metrics = metrics
        self.transport = transport
        self.isPublic = isPublic
        self.patience = patience
        self.home = home
        self.reactors = reactors
    }

    /// Where it is, such as `127.0.0.1:9090`.
    public var boundTarget: String { transport.boundTarget }

    /// Serves until the task is cancelled, or a graceful shutdown.
    public func run() async {
        await withGracefulShutdownHandler {
            await withTaskExecutorPreference(home) { await serve() }
        } onGracefulShutdown: {
            self.transport.close()
        }
    }

    private func serve() async {
        await withDiscardingTaskGroup { group in
            while let stream = await next() {
                if Self.enter(open) {
                    group.addTask(executorPreference: stream.reactor) { [self] in
                        await PageConnection(stream, within: patience).run(answer)
                        open.withLock { $0 -= 1 }
                    }
                } else if Self.enter(leaving) {
                    // Closing over a request that was not read would take the answer back.
                    group.addTask(executorPreference: stream.reactor) { [self] in
                        await PageConnection(stream, within: Self.farewell).turnAway(.busy)
                        leaving.withLock { $0 -= 1 }
                    }
                } else {
                    stream.close(abort: true)
                }
            }
        }
    }

    private static func enter(_ connections: borrowing Locked<Int>) -> Bool {
        connections.withLock { count in
            guard count < mostConnections else { return false }
            count += 1
            return true
        }
    }

    private func next() async -> (any ByteStream)? {
        while true {
            do {
                return try await transport.accept { reactors.next() }
            } catch {
                // A peer that the transport turned away holds up nobody.
                if let error = error as? PatchbayError, error.code == .permissionDenied { continue }
                if (try? await home.sleep(for: .milliseconds(20))) == nil { return nil }
            }
        }
    }

    /// Off the reactor: a page of many names takes its time.
    @concurrent private func answer(_ request: PageRequest) async -> PageAnswer {
        guard isPublic || request.meansThisMachine else { return PageAnswer(.misdirected) }
        switch request.path {
        case "/": return PageAnswer(type: "text/html; charset=utf-8", relay.status().html())
        case "/status.json":
            guard let json = try? relay.status().json() else { return PageAnswer(.failed) }
            return PageAnswer(type: "application/json", json)
        case "/metrics":
            guard let metrics else { return PageAnswer(.notFound) }
            relay.measure()
            return PageAnswer(type: PrometheusMetrics.contentType, metrics.page())
        default: return PageAnswer(.notFound)
        }
    }
}
