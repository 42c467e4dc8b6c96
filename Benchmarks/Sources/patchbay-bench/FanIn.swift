internal import Glibc
internal import Patchbay
internal import Synchronization

/// How many connections are opened at once: fewer than any peer's backlog.
private let openingAtOnce = 32

extension BenchClient {
    /// So many connections, each a closed loop in a task of its own.
    func measureFanIn(_ messages: BenchMessages, connections: Int, for duration: Duration) async throws {
        try await placed {
            let start = StartingLine()
            let loops = try await withThrowingTaskGroup(of: Loops.self) { group in
                for index in 0..<connections {
                    group.addTask {
                        do {
                            return try await withConnection { connection in
                                try await messages.roundTrip(connection)
                                return try await Loops(messages, connection, start.arriveAndWait(), duration)
                            }
                        } catch {
                            start.giveUp()
                            throw error
                        }
                    }
                    if (index + 1) % openingAtOnce == 0 || index + 1 == connections { await start.wait(untilArrived: index + 1) }
                }
                start.open()
                var all = Loops()
                for try await one in group {
                    all.samples += one.samples
                    all.total += one.total
                }
                return all
            }
            var samples = loops.samples
            let seconds = duration / .seconds(1)
            let figures = percentiles(&samples)
            let rate = Int(Double(samples.count) / seconds)
            print("messages_per_second=\(rate)", figures, "count=\(samples.count) seconds=\(seconds) total=\(loops.total)")
        }
    }
}

/// The closed loop of one connection.
private struct Loops: Sendable {
    var samples: [UInt64] = []
    var total = 0

    init() {}

    init(_ messages: BenchMessages, _ connection: Connection, _ start: UInt64, _ duration: Duration) async throws {
        let measuring = start + nanoseconds(of: duration / 4)
        let end = measuring + nanoseconds(of: duration)
        var before = nanoseconds()
        while before < end {
            try await messages.roundTrip(connection)
            let now = nanoseconds()
            // What ends outside of the measured time does not count, so that all connections count over the same.
            if now >= measuring && now < end { samples.append(now - before) }
            total += 1
            before = now
        }
        // The round trip at the starting line.
        total += 1
    }
}

/// Where connections wait until all are open.
private final class StartingLine: Sendable {
    private struct State {
        var arrived = 0
        var waiting: [CheckedContinuation<UInt64, Never>] = []
        var starter: (count: Int, continuation: CheckedContinuation<Void, Never>)?
        var gaveUp = false
    }

    private let state = Mutex(State())

    /// Waits for the start, and returns when it was; throws where there will be none.
    func arriveAndWait() async throws -> UInt64 {
        let start = await withCheckedContinuation { continuation in
            let (starter, gaveUp): (CheckedContinuation<Void, Never>?, Bool) = state.withLock {
                if $0.gaveUp { return (nil, true) }
                $0.arrived += 1
                $0.waiting.append(continuation)
                guard let starter = $0.starter, $0.arrived >= starter.count else { return (nil, false) }
                $0.starter = nil
                return (starter.continuation, false)
            }
            starter?.resume()
            if gaveUp { continuation.resume(returning: 0) }
        }
        if state.withLock({ $0.gaveUp }) { throw CancellationError() }
        return start
    }

    func wait(untilArrived count: Int) async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLock {
                guard $0.arrived < count, !$0.gaveUp else { return true }
                $0.starter = (count, continuation)
                return false
            }
            if isThere { continuation.resume() }
        }
    }

    /// One of the connections failed, and there will be no start.
    func giveUp() {
        let starter = state.withLock { state in
            state.gaveUp = true
            defer { state.starter = nil }
            return state.starter
        }
        starter?.continuation.resume()
    }

    func open() {
        let waiting = state.withLock { $0.waiting }
        let now = nanoseconds()
        for continuation in waiting { continuation.resume(returning: now) }
    }
}
