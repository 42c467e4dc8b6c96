internal import Patchbay
internal import Synchronization

private let mostSamples = 1 << 22
/// Below this, all messages in flight fit into what a connection takes without waiting.
private let leastWaitingBytes = 128 << 10

extension BenchClient {
    /// So many echoes in flight: each answer lets the next message leave.
    func measureInFlight(_ messages: BenchMessages, window: Int, for duration: Duration) async throws {
        try await withConnection { connection in
            let bytes = try messages.bytes(connection)
            var total = 0
            for phase in Phases(duration: duration) {
                var loop = InFlightLoop(
                    messages: messages,
                    connection: connection,
                    window: window,
                    start: nanoseconds(),
                    length: phase.nanoseconds
                )
                try await window * bytes < leastWaitingBytes ? loop.runInOneTask() : loop.runInTwoTasks()
                total += loop.count + loop.late
                guard !phase.isWarmUp else { continue }
                print(throughput(loop.count, bytes, loop.end - loop.start, total: total), percentiles(&loop.samples))
            }
        }
    }
}

private struct InFlightLoop {
    let messages: BenchMessages
    let connection: Connection
    let window: Int
    let start: UInt64
    let length: UInt64
    var samples: [UInt64] = []
    /// Echoes in time, and those after it.
    var count = 0
    var late = 0
    var end: UInt64 = 0

    private mutating func add(_ now: UInt64, departure: UInt64) {
        if samples.count < mostSamples { samples.append(now - departure) }
        count += 1
        end = now
    }

    /// The task that reads sends: nothing that it sends has to wait.
    mutating func runInOneTask() async throws {
        // When the messages in flight left, in a ring.
        var departures = [UInt64](repeating: 0, count: window)
        for place in 0..<window {
            departures[place] = nanoseconds()
            try await messages.send(.echo, connection)
        }
        while true {
            _ = try await messages.receive(connection)
            let now = nanoseconds()
            let place = count % window
            add(now, departure: departures[place])
            guard now < start + length else { break }
            departures[place] = now
            try await messages.send(.echo, connection)
        }
        late = window - 1
        for _ in 0..<late { _ = try await messages.receive(connection) }
    }

    /// One task sends and another reads: the peer does not read on while nobody takes its echoes.
    mutating func runInTwoTasks() async throws {
        let places = SendWindow(limit: window)
        let departures = Departures(count: window)
        async let sent: Void = Self.send(messages, connection, places, departures, until: start + length)
        while try await messages.receive(connection) == .echo {
            let now = nanoseconds()
            if now < start + length { add(now, departure: departures[count]) } else { late += 1 }
            places.give()
        }
        try await sent
    }

    private static func send(
        _ messages: BenchMessages,
        _ connection: Connection,
        _ places: SendWindow,
        _ departures: Departures,
        until end: UInt64
    ) async throws {
        var count = 0
        repeat {
            if !places.take() { await places.waitAndTake() }
            departures[count] = nanoseconds()
            try await messages.send(.echo, connection)
            count += 1
        } while nanoseconds() < end
        try await messages.send(.finish, connection)
    }
}

/// When the messages in flight left: one task writes, another reads.
private final class Departures: Sendable {
    private let ring: Mutex<[UInt64]>
    private let count: Int

    init(count: Int) {
        ring = Mutex([UInt64](repeating: 0, count: count))
        self.count = count
    }

    subscript(number: Int) -> UInt64 {
        get { ring.withLock { $0[number % count] } }
        set { ring.withLock { $0[number % count] = newValue } }
    }
}
