internal import Glibc
internal import Patchbay

extension BenchClient {
    /// Sends for so long, then asks for an answer: the clock stops when the server has read everything.
    func measureOneWay(_ messages: BenchMessages, for duration: Duration) async throws {
        try await withConnection { connection in
            let bytes = try messages.bytes(connection)
            let clockInterval = bytes > 4096 ? 1 : 64
            var total = 0
            for phase in Phases(duration: duration) {
                var count = 0
                let start = nanoseconds()
                repeat {
                    for _ in 0..<clockInterval { try await messages.send(.sink, connection) }
                    count += clockInterval
                } while nanoseconds() < start + phase.nanoseconds
                try await messages.finish(connection)
                total += count + 1
                guard !phase.isWarmUp else { continue }
                print(throughput(count, bytes, nanoseconds() - start, total: total))
            }
        }
    }

    /// Full duplex: one task sends without waiting for answers, as far as the window lets it, another reads the echoes.
    func measureBothWays(_ messages: BenchMessages, for duration: Duration) async throws {
        try await withConnection { connection in
            let bytes = try messages.bytes(connection)
            let window = SendWindow(limit: max(4, min(1024, (4 << 20) / bytes)))
            var total = 0
            for phase in Phases(duration: duration) {
                let start = nanoseconds()
                async let sent = Self.send(messages, connection, window, until: start + phase.nanoseconds)
                var count = 0
                while try await messages.receive(connection) == .echo {
                    count += 1
                    window.give()
                }
                let elapsed = nanoseconds() - start
                guard try await sent == count else { throw UnexpectedAnswer() }
                total += count + 1
                guard !phase.isWarmUp else { continue }
                print(throughput(count, bytes, elapsed, total: total))
            }
        }
    }

    /// The last message is one whose answer tells the reader that there are no more.
    private static func send(
        _ messages: BenchMessages,
        _ connection: Connection,
        _ window: SendWindow,
        until end: UInt64
    ) async throws -> Int {
        var count = 0
        repeat {
            if !window.take() { await window.waitAndTake() }
            try await messages.send(.echo, connection)
            count += 1
        } while nanoseconds() < end
        try await messages.send(.finish, connection)
        return count
    }

    /// Messages leave when the schedule says so, whatever comes back. A message that leaves late counts from when it should have left.
    func measureOpenLoop(_ messages: BenchMessages, rate: Double, for duration: Duration) async throws {
        let interval = 1e9 / rate
        try await withConnection { connection in
            var total = 0
            for phase in Phases(duration: duration) {
                let expected = max(1, Int(Double(phase.nanoseconds) / interval))
                let start = nanoseconds()
                async let sent: UInt64 = Self.keepSchedule(messages, connection, expected, every: interval, from: start)
                var samples: [UInt64] = []
                samples.reserveCapacity(expected)
                for index in 0..<expected {
                    _ = try await messages.receive(connection)
                    samples.append(nanoseconds() - (start + UInt64(Double(index) * interval)))
                }
                let sendingSeconds = Double(try await sent - start) / 1e9
                total += expected
                guard !phase.isWarmUp else { continue }
                let figures = percentiles(&samples, [("p50", 500), ("p99", 990), ("p999", 999)])
                print(figures, "sent_per_second=\(Int(Double(expected) / sendingSeconds)) count=\(expected) total=\(total)")
            }
        }
    }

    /// Not where the task stands, which may be the reactor: it blocks its thread between messages.
    private static func keepSchedule(
        _ messages: BenchMessages,
        _ connection: Connection,
        _ count: Int,
        every interval: Double,
        from start: UInt64
    ) async throws -> UInt64 {
        try await withTaskExecutorPreference(globalConcurrentExecutor) {
            try await send(messages, connection, count, every: interval, from: start)
        }
    }

    /// No timer of the language is as exact as a thread that sleeps.
    @concurrent private static func send(
        _ messages: BenchMessages,
        _ connection: Connection,
        _ count: Int,
        every interval: Double,
        from start: UInt64
    ) async throws -> UInt64 {
        var sent = 0
        while sent < count {
            let due = start + UInt64(Double(sent) * interval)
            let now = nanoseconds()
            if now < due {
                connection.flush()
                var time = timespec(tv_sec: Int(due / 1_000_000_000), tv_nsec: Int(due % 1_000_000_000))
                while clock_nanosleep(CLOCK_MONOTONIC, CInt(TIMER_ABSTIME), &time, nil) == EINTR {}
            }
            try await messages.send(.echo, connection)
            sent += 1
        }
        connection.flush()
        return max(nanoseconds(), start + 1)
    }
}
