import CPatchbayIO
import FuzzSupport
import PatchbayIO
import Synchronization
import Testing

@Suite("Reactors", .timeLimit(.minutes(1)))
struct ReactorTests {
    @Test("a sleep ends within its time, not before, and leaves early with its task's cancellation")
    func sleeping() async throws {
        let group = try ReactorGroup()
        defer { group.stop() }
        let reactor = group.next()
        for milliseconds in [0, 1, 5, 40] {
            let start = ContinuousClock.now
            try await reactor.sleep(for: .milliseconds(milliseconds))
            #expect(ContinuousClock.now - start >= .milliseconds(milliseconds))
        }
        let sleeping = Task { try await reactor.sleep(for: .seconds(3600)) }
        sleeping.cancel()
        await #expect(throws: CancellationError.self) { try await sleeping.value }
        let endless = Task { try await reactor.sleep(for: .seconds(Int64.max)) }
        endless.cancel()
        await #expect(throws: CancellationError.self) { try await endless.value }
        try await reactor.sleep(for: .seconds(-1))
    }

    @Test("many sleeps end in their order")
    func order() async throws {
        let group = try ReactorGroup()
        defer { group.stop() }
        let reactor = group.next()
        var source = FuzzSource.forTest()
        // On a busy machine the sleeps may begin so far apart that another order is right: such a round says nothing.
        for _ in 0..<100 {
            let order = Recorder()
            let start = ContinuousClock.now
            let began = try await withThrowingTaskGroup(of: Void.self) { tasks in
                for step in (0..<10).shuffled(using: &source) {
                    tasks.addTask(executorPreference: reactor) {
                        try await reactor.sleep(for: .milliseconds(20 * step))
                        order.add(step)
                    }
                }
                // A reactor runs its tasks in their order, so all sleeps have begun once this one runs.
                let began = await Task(executorPreference: reactor) { ContinuousClock.now }.value
                try await tasks.waitForAll()
                return began
            }
            guard began - start < .milliseconds(10) else { continue }
            #expect(order.values == Array(0..<10))
            return
        }
        Issue.record("ten sleeps never began within 10 ms of each other")
    }

    private final class Recorder: Sendable {
        private let list = Locked<[Int]>([])
        func add(_ value: Int) { list.withLock { $0.append(value) } }
        var values: [Int] { list.withLock { $0 } }
    }

    @Test("a task with the reactor as its preference runs on the reactor's thread, and stays there after waiting")
    func preference() async throws {
        let group = try ReactorGroup()
        defer { group.stop() }
        let reactor = group.next()
        #expect(!reactor.isCurrent)
        let task = Task(executorPreference: reactor) {
            let before = reactor.isCurrent
            try await reactor.sleep(for: .milliseconds(1))
            return (before, reactor.isCurrent)
        }
        #expect(try await task.value == (true, true))
        #expect(await group.run { reactor.isCurrent && group.currentOrNext() === reactor })
    }

    @Test("what is queued before stopping still runs")
    func stopping() async throws {
        let group = try ReactorGroup()
        let reactor = group.next()
        let tasks = (0..<100).map { number in Task(executorPreference: reactor) { number } }
        var sum = 0
        for task in tasks { sum += await task.value }
        #expect(sum == 4950)
        group.stop()
    }

    @Test("a stopped reactor gives its thread and its descriptors back, 300 times over")
    func stoppedReactorsAreFreed() async throws {
        for _ in 0..<300 {
            weak var weakReactor: Reactor?
            do {
                let group = try ReactorGroup()
                weakReactor = group.next()
                group.stop()
            }
            // Its thread lets go of it as the last thing.
            let end = ContinuousClock.now + .seconds(20)
            while weakReactor != nil, ContinuousClock.now < end { await Task.yield() }
            #expect(weakReactor == nil)
        }
    }

    @Test("a turn that is yielded comes back after others had theirs")
    func yielding() async throws {
        let group = try ReactorGroup()
        defer { group.stop() }
        let reactor = group.next()
        let order = Recorder()
        await Task(executorPreference: reactor) {
            let other = Task(executorPreference: reactor) { order.add(1) }
            await reactor.yieldTurn()
            order.add(2)
            await other.value
        }.value
        #expect(order.values == [1, 2])
    }

    @Test("a closure that holds the reactor is reported")
    func stalls() async throws {
        let group = try ReactorGroup()
        defer { group.stop() }
        let reactor = group.next()
        let (reports, continuation) = AsyncStream.makeStream(of: Duration.self)
        group.reportStalls(longerThan: .milliseconds(20)) { continuation.yield($0) }
        // Twice: the first may run before the report is set.
        for _ in 0..<2 {
            await Task(executorPreference: reactor) {
                let end = cpb_now() + 60_000_000
                while cpb_now() < end {}
            }.value
        }
        var iterator = reports.makeAsyncIterator()
        #expect(try #require(await iterator.next()) > .milliseconds(20))
    }
}
