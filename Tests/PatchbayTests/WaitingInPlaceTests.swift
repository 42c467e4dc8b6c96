import NIOCore
import Patchbay
import Synchronization
import Testing

/// Where a lone connection waits.
struct LonePlace: Sendable, CustomTestStringConvertible {
    var medium: Medium
    /// How long its reactor looks again and again before it sleeps.
    var spinning: Duration

    static let all = Medium.sockets.flatMap { medium in
        [Duration.zero, .microseconds(300)].map { LonePlace(medium: medium, spinning: $0) }
    }

    var testDescription: String { spinning == .zero ? medium.rawValue : "\(medium.rawValue), spinning" }
}

/// A connection whose reactor has nothing else to do waits without suspending its task. Nothing that wants the reactor, the task or an
/// actor may notice.
@Suite("Waiting while the reactor is idle", .timeLimit(.minutes(1)))
struct WaitingInPlaceTests {
    /// Runs `body` with a connection on a reactor of its own; the other end, elsewhere, is the test's.
    private func withLoneConnection(
        _ place: LonePlace,
        peer talk: @escaping @Sendable (_ peer: Connection, _ lone: Reactor) async throws -> Void,
        _ body: @Sendable (_ connection: Connection, _ url: ConnectionURL, _ lone: ReactorGroup) async throws -> Void
    ) async throws {
        let lone = try ReactorGroup(count: 1, spinning: place.spinning)
        defer { lone.stop() }
        let listener = try await Listener.bind(place.medium.url())
        let running = Task { try await listener.run { try await talk($0, lone.next()) } }
        do {
            let url = try listener.dialable()
            try await withConnection(to: url, reactors: lone) { try await body($0, url, lone) }
        } catch {
            listener.close()
            throw error
        }
        listener.stop(drain: .seconds(20))
        try await running.value
    }

    /// Returns once the reactor's thread was free: whoever had it waits.
    private static func untilFree(_ reactor: Reactor) async {
        await Task(executorPreference: reactor) { #expect(reactor.isCurrent) }.value
    }

    private static func echo(_ connection: Connection, _: Reactor) async throws {
        while let message = try await connection.receiveBytes() { try await connection.send(bytes: message) }
    }

    private func expect<T: Equatable>(_ wanted: T, _ value: () async throws -> T) async throws {
        let value = try await value()
        #expect(value == wanted)
    }

    private actor Counter {
        var count = 0

        func increase() { count += 1 }

        /// Waits on the actor, which others use meanwhile.
        func receive(_ connection: Connection) async throws -> String? {
            try await connection.receiveText()
        }
    }

    @Test("an actor that waits on its reactor's thread can be used meanwhile", arguments: LonePlace.all)
    func actor(place: LonePlace) async throws {
        let counter = Counter()
        try await withLoneConnection(place) { peer, lone in
            await Self.untilFree(lone)
            await counter.increase()
            try await peer.send(text: "now")
            _ = try await peer.receiveBytes()
        } _: { connection, _, _ in
            try await expect("now") { try await counter.receive(connection) }
            #expect(await counter.count == 1)
        }
    }

    @Test("an immediate task that waits gives its thread back to whoever started it", arguments: LonePlace.all)
    func immediate(place: LonePlace) async throws {
        try await withLoneConnection(place, peer: Self.echo) { connection, url, _ in
            let inner = Task.immediate {
                try await withConnection(to: url) { inner in
                    try await connection.send(text: "inner waits")
                    return try await inner.receiveText()
                }
            }
            try await expect("inner waits") { try await connection.receiveText() }
            inner.cancel()
            await #expect(throws: CancellationError.self) { try await inner.value }
        }
    }

    @Test("a task that another thread puts on the reactor runs while a connection waits there", arguments: LonePlace.all)
    func otherTask(place: LonePlace) async throws {
        try await withLoneConnection(place, peer: Self.echo) { connection, _, _ in
            let reactor = connection.reactor
            for round in 0..<20 {
                async let answer = Task(executorPreference: globalConcurrentExecutor) {
                    await Self.untilFree(reactor)
                    let ranThere = await Task(executorPreference: reactor) { reactor.isCurrent }.value
                    try await connection.send(text: "\(ranThere)")
                    return round
                }.value
                try await expect("true") { try await connection.receiveText() }
                let answered = try await answer
                #expect(answered == round)
            }
        }
    }

    @Test("cancelling the task ends its wait", arguments: LonePlace.all)
    func cancel(place: LonePlace) async throws {
        let waiting = AsyncStream<Void>.makeStream()
        let task = Task {
            try await withLoneConnection(place, peer: { peer, _ in _ = try await peer.receiveBytes() }) { connection, _, _ in
                waiting.continuation.yield()
                _ = try await connection.receiveBytes()
                Issue.record("nothing was sent")
            }
        }
        for await _ in waiting.stream { break }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test("closing or aborting from another thread ends the wait", arguments: LonePlace.all, [false, true])
    func close(place: LonePlace, aborts: Bool) async throws {
        try await withLoneConnection(place, peer: { peer, _ in _ = try? await peer.receiveBytes() }) { connection, _, _ in
            let closing = Task(executorPreference: globalConcurrentExecutor) {
                await Self.untilFree(connection.reactor)
                if aborts { connection.abort() } else { await connection.close() }
            }
            if aborts {
                #expect(await thrown { _ = try await connection.receiveBytes() } == .closed)
            } else {
                try await expect(nil) { try await connection.receiveBytes() }
            }
            await closing.value
        }
    }

    @Test("an end from another thread is never missed, whenever it comes", arguments: LonePlace.all)
    func endAtAnyInstant(place: LonePlace) async throws {
        for round in 0..<60 {
            try await withLoneConnection(place, peer: { peer, _ in _ = try? await peer.receiveBytes() }) { connection, _, _ in
                let ending = Task(executorPreference: globalConcurrentExecutor) {
                    for _ in 0..<round * 8 { await Task.yield() }
                    if round % 2 == 0 { connection.abort() } else { await connection.close() }
                }
                if round % 2 == 0 {
                    #expect(await thrown { _ = try await connection.receiveBytes() } == .closed)
                } else {
                    try await expect(nil) { try await connection.receiveBytes() }
                }
                await ending.value
            }
        }
    }

    @Test("a second receiver, suspended elsewhere, does not keep the end from the one that waits in place", arguments: LonePlace.all)
    func secondReceiver(place: LonePlace) async throws {
        try await withLoneConnection(place, peer: { peer, _ in _ = try? await peer.receiveBytes() }) { connection, _, _ in
            let other = Task(executorPreference: globalConcurrentExecutor) { try await connection.receiveBytes() }
            let closing = Task(executorPreference: globalConcurrentExecutor) {
                await Self.untilFree(connection.reactor)
                await Self.untilFree(connection.reactor)
                await connection.close()
            }
            try await expect(nil) { try await connection.receiveBytes() }
            try await expect(nil) { try await other.value }
            await closing.value
        }
    }

    @Test("a task that has just left an actor does not take the actor along into its wait", arguments: LonePlace.all)
    func afterActor(place: LonePlace) async throws {
        let counter = Counter()
        try await withLoneConnection(place) { peer, lone in
            await Self.untilFree(lone)
            await counter.increase()
            try await peer.send(text: "now")
            _ = try await peer.receiveBytes()
        } _: { connection, _, _ in
            await counter.increase()
            try await expect("now") { try await connection.receiveText() }
            #expect(await counter.count == 2)
        }
    }

    @Test("two connections of one reactor both make progress, whoever waits", arguments: LonePlace.all)
    func two(place: LonePlace) async throws {
        try await withLoneConnection(place, peer: Self.echo) { first, url, lone in
            async let others: Int = withConnection(to: url, reactors: lone) { second in
                #expect(first.reactor === second.reactor)
                for round in 0..<500 {
                    try await second.send(text: "\(round)")
                    try await expect("\(round)") { try await second.receiveText() }
                }
                return 500
            }
            for round in 0..<500 {
                try await first.send(text: "\(round)")
                try await expect("\(round)") { try await first.receiveText() }
            }
            let served = try await others
            #expect(served == 500)
        }
    }

    @Test("a sleep on the reactor ends while a connection waits there", arguments: LonePlace.all)
    func sleep(place: LonePlace) async throws {
        try await withLoneConnection(place, peer: Self.echo) { connection, _, _ in
            async let slept: Void = {
                try await connection.reactor.sleep(for: .milliseconds(5))
                try await connection.send(text: "awake")
            }()
            try await expect("awake") { try await connection.receiveText() }
            try await slept
        }
    }

    @Test("a closure that computes before it waits is a stall all the same", arguments: LonePlace.all)
    func stallBeforeWaiting(place: LonePlace) async throws {
        let reports = Mutex<[Duration]>([])
        try await withLoneConnection(place, peer: Self.echo) { connection, _, _ in
            connection.reactor.reportStalls(longerThan: .milliseconds(20)) { report in reports.withLock { $0.append(report) } }
            try await connection.send(text: "first")
            try await expect("first") { try await connection.receiveText() }
            let start = ContinuousClock.now
            while ContinuousClock.now - start < .milliseconds(60) {}
            try await connection.send(text: "second")
            try await expect("second") { try await connection.receiveText() }
        }
        #expect(reports.withLock { $0.contains { $0 >= .milliseconds(40) } })
    }

    @Test("waiting is no stall", arguments: LonePlace.all)
    func stall(place: LonePlace) async throws {
        let reports = Mutex<[Duration]>([])
        try await withLoneConnection(place) { peer, _ in
            for _ in 0..<3 {
                try await peer.reactor.sleep(for: .milliseconds(60))
                try await peer.send(text: "late")
            }
            _ = try await peer.receiveBytes()
        } _: { connection, _, _ in
            connection.reactor.reportStalls(longerThan: .milliseconds(40)) { report in reports.withLock { $0.append(report) } }
            for _ in 0..<3 { try await expect("late") { try await connection.receiveText() } }
        }
        #expect(reports.withLock { $0 } == [])
    }
}
