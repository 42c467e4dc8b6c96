internal import Glibc
internal import Synchronization

/// The reactors that connections are spread over.
public final class ReactorGroup: Sendable {
    private let reactors: [Reactor]
    private let turn = Atomic<Int>(0)

    /// Starts `count` reactors, each a thread; at least one.
    ///
    /// One serves tens of thousands of connections whose closures do little. More pay only where closures compute
    /// (docs/decisions/0001).
    /// - Parameters:
    ///   - count: threads.
    ///   - spinning: how long each goes on looking for work before it sleeps: it saves the time that waking a core takes, and burns
    ///     that core meanwhile. For round trips between two cores that have nothing else to do; on a shared core it ruins everything
    ///     (docs/performance.md).
    /// - Throws: ``IOFailure`` where the system gives no descriptor or thread.
    public init(count: Int = 1, spinning: Duration = .zero) throws {
        reactors = try (0..<max(1, count)).map { try Reactor(name: "patchbay-\($0)", spinning: spinning) }
    }

    /// What connections use that were given no group: one reactor, or as many as the environment's `PATCHBAY_REACTORS` says, which spin
    /// for as many microseconds as its `PATCHBAY_SPIN` says, at most a second.
    ///
    /// Started at the first use, never stopped.
    public static let shared: ReactorGroup = {
        func number(_ name: String) -> Int? { getenv(name).flatMap { Int(String(cString: $0)) } }
        let spin = min(max(number("PATCHBAY_SPIN") ?? 0, 0), 1_000_000)
        do {
            return try ReactorGroup(count: min(max(number("PATCHBAY_REACTORS") ?? 1, 1), 64), spinning: .microseconds(spin))
        } catch {
            // Nobody can be told by a throw here, and nothing works without a thread and three descriptors.
            fatalError("Patchbay cannot start its reactor: \(error)")
        }
    }()

    /// The reactor whose turn it is.
    public func next() -> Reactor {
        if reactors.count == 1 { return reactors[0] }
        let turn = turn.wrappingAdd(1, ordering: .relaxed).newValue
        return reactors[Int(UInt(bitPattern: turn) % UInt(reactors.count))]
    }

    /// The reactor whose thread this is, else the one whose turn it is: what a task on a reactor dials stays there.
    public func currentOrNext() -> Reactor { reactors.first { $0.isCurrent } ?? next() }

    /// Runs `body` on a reactor, where connections are dialled and used without a hop between threads: for programs that make
    /// many short ones. The body must not block.
    public nonisolated(nonsending) func run<Result>(_ body: () async throws -> Result) async rethrows -> Result {
        let reactor = currentOrNext()
        return try await withTaskExecutorPreference(reactor) {
            if !reactor.isCurrent { await Self.settle() }
            return try await body()
        }
    }

    /// Comes back on the task's preferred executor, or the caller's actor: a preference alone does not move a task before it
    /// first suspends.
    @concurrent package static func settle() async {}

    public var count: Int { reactors.count }

    /// Ends the threads. Everything on them must be closed before; the group is of no use afterwards.
    public func stop() {
        for reactor in reactors { reactor.stop() }
    }

    /// Reports, from its thread, each time that tasks held a reactor for longer than `limit`: such a closure holds up every
    /// connection of the reactor and belongs on another executor.
    public func reportStalls(longerThan limit: Duration = .milliseconds(10), to report: @escaping @Sendable (Duration) -> Void) {
        for reactor in reactors { reactor.reportStalls(longerThan: limit, to: report) }
    }
}
