public import CoreMetrics
public import Logging
internal import NIOCore
public import PatchbayCore
public import PatchbayIO
internal import PatchbayRelay
public import ServiceLifecycle

/// Leads dialers to listeners by name, through a machine that both can dial, and passes their bytes on unread.
///
/// As a service, a graceful shutdown drains it, and a cancellation cuts what is open.
public final class Relay: Service, Sendable {
    private let floor: RelayFloor
    private let transport: any StreamListener
    private let home: Reactor
    private let reactors: ReactorGroup
    private let began: UInt64
    private let comeAgain: Duration
    private let hasAccessFile: Bool
    /// Whoever comes may be served.
    private let mayBeOpen: Bool

    /// Binds.
    /// - Parameters:
    ///   - url: a transport alone, such as `tcp://0.0.0.0:7000`.
    ///   - access: the text of an access file (``AccessFile/read(_:)``); nil: whoever comes may listen and dial.
    ///   - isOpen: without an access file, other machines may come too.
    ///   - realm: what the relay calls itself; nil: what it is bound to.
    ///   - comeAgain: when listeners should try again, once it drains.
    ///   - logger: what it says, such as refusals and limits that are near; nil: nothing.
    ///   - metrics: what it counts, such as ``PrometheusMetrics``; nil: nothing.
    /// - Throws: `insecure` for a relay without an access file at an address that other machines can reach, unless `isOpen`;
    ///   `invalidArgument` with the number of a line of the access file that does not fit; what binding throws.
    public nonisolated(nonsending) static func bind(
        _ url: ConnectionURL,
        registry: Registry,
        access: String?,
        isOpen: Bool = false,
        realm: String? = nil,
        limits: RelayLimits = RelayLimits(),
        comeAgain: Duration = .seconds(1),
        logger: Logger? = nil,
        metrics: (any MetricsFactory)? = nil,
        reactors: ReactorGroup = .shared
    ) async throws -> Relay {
        let stack = try registry.resolve(url, for: .listener)
        guard stack.authenticators.isEmpty, stack.messageProcessors.isEmpty, stack.streamProcessors.isEmpty else {
            throw PatchbayError(
                .unsupported,
                "a relay listens on a transport alone, such as tcp://0.0.0.0:7000; what travels through it has layers of its own",
                stage: .resolve,
                layer: "relay"
            )
        }
        let file = try access.map { text throws(PatchbayError) in try RelayAccessFile(text) }
        if let realm {
            guard (1...RelayMessage.longestName).contains(realm.utf8.count),
                !realm.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
            else {
                throw PatchbayError(
                    .invalidArgument,
                    "a relay's realm has 1 to \(RelayMessage.longestName) bytes of UTF-8, and no control characters",
                    stage: .listen,
                    layer: "relay"
                )
            }
        }
        let home = reactors.next()
        let transport = try await stack.transport.listen(stack.transportContext(on: home))
        let mayBeOpen = isOpen || transport.address?.isLocal ?? true
        guard file != nil || mayBeOpen else {
            transport.close()
            throw PatchbayError(
                .insecure,
                "without an access file, everyone who reaches \(transport.boundTarget) could listen and dial there; give it one (--access), or allow that (--open)",
                stage: .listen,
                layer: "relay"
            )
        }
        let record = RelayRecord(logger: logger, metrics: metrics)
        let floor = RelayFloor(limits: limits, realm: realm ?? transport.boundTarget, access: file, record: record)
        return Relay(floor, transport, home, reactors, comeAgain: comeAgain, hasAccessFile: file != nil, mayBeOpen: mayBeOpen)
    }

    private init(
        _ floor: RelayFloor,
        _ transport: any StreamListener,
        _ home: Reactor,
        _ reactors: ReactorGroup,
        comeAgain: Duration,
        hasAccessFile: Bool,
        mayBeOpen: Bool
    ) {
        self.mayBeOpen = mayBeOpen
        self.floor = floor
        self.transport = transport
        self.home = home
        self.reactors = reactors
        self.comeAgain = comeAgain
        self.hasAccessFile = hasAccessFile
        began = home.now
    }

    /// The authority of the URLs that lead here.
    public var boundTarget: String { transport.boundTarget }
    /// The address that is bound, where it has one.
    public var address: Address? { transport.address }
    /// What it calls itself.
    public var realm: String { floor.realm }
    public var figures: RelayFigures { floor.figures }
    /// What each of its metrics is, for ``PrometheusMetrics/init(help:)``.
    public static var metricsHelp: [String: String] { RelayMeters.help }

    /// All that a status page shows.
    /// - Parameter names: at most so many; the others are counted.
    public func status(names: Int = RelayStatus.mostNames) -> RelayStatus {
        RelayStatus(floor, uptime: .nanoseconds(Int64(clamping: home.now &- began)), now: home.now, most: names)
    }

    /// Takes another access file. Listeners whose key it does not have any more, or with another secret, or without their name, are told so and
    /// lose the name; calls that wait for them end, open ones go on.
    /// - Throws: `invalidArgument` with the number of a line that does not fit; what was in force stays.
    public func reload(access: String?) throws {
        guard access != nil || mayBeOpen else {
            throw PatchbayError(
                .insecure,
                "without an access file, everyone who reaches \(transport.boundTarget) could listen and dial there; what was in force stays",
                stage: .listen,
                layer: "relay"
            )
        }
        floor.reload(try access.map { text throws(PatchbayError) in try RelayAccessFile(text) })
    }

    /// Takes no new names and calls, tells the listeners when to come again, and has ``run()`` return once the open calls are over. Until then
    /// whoever comes is told that it is going down.
    public func drain() {
        guard floor.drain(comeAgainAfter: UInt32(clamping: comeAgain.nanosecondsClamped / 1_000_000)) else { return }
        floor.record.drainBegan(floor.figures)
    }

    /// Brings the metrics up to date, which it does itself about once a second.
    public func measure() { floor.measure(now: home.now) }

    /// Serves until it is drained, or the task is cancelled, which cuts what is open.
    public func run() async {
        floor.record.started(boundTarget, hasAccessFile: hasAccessFile)
        await withGracefulShutdownHandler {
            await withTaskExecutorPreference(home) { await serve() }
        } onGracefulShutdown: {
            self.drain()
        }
        floor.record.ended()
    }

    private func serve() async {
        await withDiscardingTaskGroup { group in
            // Not of the group, which would wait for it: it ends with the group.
            let clock = Task(executorPreference: home) { [floor, home, transport] in
                var ticks = 0
                while (try? await home.sleep(for: .milliseconds(100))) != nil {
                    floor.expire(now: home.now)
                    ticks += 1
                    if ticks.isMultiple(of: 10) { floor.measure(now: home.now) }
                    // Until then whoever comes is told that the relay is going down.
                    if floor.isDrained { transport.close() }
                }
            }
            while let stream = await next() {
                group.addTask(executorPreference: stream.reactor) { [floor] in
                    await RelayVisit(floor: floor, stream: stream).run()
                }
            }
            // Listeners' lines end with the calls that they could still get: none.
            while !Task.isCancelled, floor.openCalls > 0, (try? await home.sleep(for: .milliseconds(50))) != nil {}
            clock.cancel()
            if Task.isCancelled { floor.record.cuts(calls: floor.openCalls) }
            // Also where it is cut: nobody comes in any more.
            floor.drain(comeAgainAfter: UInt32(clamping: comeAgain.nanosecondsClamped / 1_000_000))
            floor.refuseWaiting()
            group.cancelAll()
        }
        measure()
    }

    private func next() async -> (any ByteStream)? {
        while true {
            do {
                return try await transport.accept { reactors.next() }
            } catch let error as PatchbayError where error.code == .permissionDenied {
                // One that the transport turned away holds up nobody.
                continue
            } catch {
                // A lack of descriptors must not become a busy loop.
                if (try? await home.sleep(for: .milliseconds(20))) == nil { return nil }
            }
        }
    }
}
