internal import NIOCore
public import PatchbayCore
public import PatchbayIO
internal import PatchbayRelay

/// Leads dialers to listeners by name, through a machine that both can dial, and passes their bytes on unread.
public final class Relay: Sendable {
    private let floor: RelayFloor
    private let transport: any StreamListener
    private let home: Reactor
    private let reactors: ReactorGroup

    /// Binds.
    /// - Parameters:
    ///   - url: a transport alone, such as `tcp://0.0.0.0:7000`.
    ///   - access: the text of an access file; nil: whoever comes may listen and dial.
    ///   - realm: what the relay calls itself; nil: what it is bound to.
    public nonisolated(nonsending) static func bind(
        _ url: ConnectionURL,
        registry: Registry,
        access: String?,
        realm: String? = nil,
        limits: RelayLimits = RelayLimits(),
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
        let home = reactors.next()
        let transport = try await stack.transport.listen(stack.transportContext(on: home))
        let floor = RelayFloor(limits: limits, realm: realm ?? transport.boundTarget, access: file)
        return Relay(floor: floor, transport: transport, home: home, reactors: reactors)
    }

    private init(floor: RelayFloor, transport: any StreamListener, home: Reactor, reactors: ReactorGroup) {
        self.floor = floor
        self.transport = transport
        self.home = home
        self.reactors = reactors
    }

    /// The authority of the URLs that lead here.
    public var boundTarget: String { transport.boundTarget }
    public var figures: RelayFigures { floor.figures }

    /// Takes another access file: it holds for whoever comes from here on.
    public func reload(access: String?) throws { floor.reload(try access.map { text throws(PatchbayError) in try RelayAccessFile(text) }) }

    /// Takes no new names and calls, tells the listeners, and has ``run()`` return once the open calls are over.
    /// - Parameter comeAgain: when listeners should try again.
    public func drain(comeAgain: Duration = .seconds(1)) {
        floor.drain(comeAgainAfter: UInt32(clamping: comeAgain.nanosecondsClamped / 1_000_000))
    }

    /// Serves until it is drained, or the task is cancelled, which cuts what is open.
    public func run() async {
        await withTaskExecutorPreference(home) {
            await withDiscardingTaskGroup { group in
                let clock = Task(executorPreference: home) { [floor, home, transport] in
                    while (try? await home.sleep(for: .milliseconds(100))) != nil {
                        floor.expire(now: home.now)
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
                group.cancelAll()
            }
        }
    }

    private func next() async -> (any ByteStream)? {
        while true {
            do {
                return try await transport.accept { reactors.next() }
            } catch {
                // A lack of descriptors must not become a busy loop.
                if (try? await home.sleep(for: .milliseconds(20))) == nil { return nil }
            }
        }
    }
}
