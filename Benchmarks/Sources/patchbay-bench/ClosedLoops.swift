internal import Glibc
internal import Patchbay

private let mostSamples = 1 << 22

extension BenchClient {
    /// A closed loop: the next message leaves when the echo of the last is there.
    func measureLatency<Form: MessageForm>(_ form: Form, for duration: Duration) async throws {
        try await withConnection { connection in
            var samples: [UInt64] = []
            samples.reserveCapacity(1 << 20)
            var total = 0
            for phase in Phases(duration: duration) {
                samples.removeAll(keepingCapacity: true)
                var before = nanoseconds()
                let end = before + phase.nanoseconds
                repeat {
                    before = nanoseconds()
                    try await form.roundTrip(connection)
                    samples.append(nanoseconds() - before)
                } while before < end && samples.count < mostSamples
                total += samples.count
            }
            let count = samples.count
            let figures = percentiles(&samples, [("p50", 500), ("p90", 900), ("p99", 990), ("p999", 999)])
            print(figures, "count=\(count) total=\(total) message_bytes=\(try form.bytes(connection))")
        }
    }

    /// So many echoes in flight: each answer lets the next message leave.
    func measureInFlight<Form: MessageForm>(_ form: Form, window: Int, for duration: Duration) async throws {
        try await withConnection { connection in
            var samples: [UInt64] = []
            samples.reserveCapacity(1 << 20)
            // When the messages in flight left, in a ring.
            var left = [UInt64](repeating: 0, count: window)
            var total = 0
            for phase in Phases(duration: duration) {
                samples.removeAll(keepingCapacity: true)
                let start = nanoseconds()
                let end = start + phase.nanoseconds
                for place in 0..<window {
                    left[place] = nanoseconds()
                    try await form.send(.echo, connection)
                }
                var count = 0
                var now = start
                while true {
                    _ = try await form.receive(connection)
                    now = nanoseconds()
                    let place = count % window
                    if samples.count < mostSamples { samples.append(now - left[place]) }
                    count += 1
                    if now >= end { break }
                    left[place] = now
                    try await form.send(.echo, connection)
                }
                total += count + window - 1
                for _ in 1..<window { _ = try await form.receive(connection) }
                guard !phase.isWarmUp else { continue }
                print(throughput(count, try form.bytes(connection), now - start, total: total), percentiles(&samples))
            }
        }
    }

    /// Connect, one round trip, close, again and again.
    func measureConnect<Form: MessageForm>(_ form: Form, for duration: Duration) async throws {
        try await placed {
            var total = 0
            for phase in Phases(duration: duration) {
                var count = 0
                let start = nanoseconds()
                repeat {
                    try await withConnection { try await form.roundTrip($0) }
                    count += 1
                } while nanoseconds() < start + phase.nanoseconds
                let seconds = Double(nanoseconds() - start) / 1e9
                total += count
                guard !phase.isWarmUp else { continue }
                print("connections_per_second=\(Int(Double(count) / seconds)) count=\(count) seconds=\(seconds) total=\(total)")
            }
        }
    }
}
