internal import Glibc
internal import Patchbay

private let mostSamples = 1 << 22

extension BenchClient {
    /// A closed loop: the next message leaves when the echo of the last is there.
    func measureLatency(_ messages: BenchMessages, for duration: Duration) async throws {
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
                    try await messages.roundTrip(connection)
                    samples.append(nanoseconds() - before)
                } while before < end && samples.count < mostSamples
                total += samples.count
            }
            let count = samples.count
            let figures = percentiles(&samples, [("p50", 500), ("p90", 900), ("p99", 990), ("p999", 999)])
            print(figures, "count=\(count) total=\(total) message_bytes=\(try messages.bytes(connection))")
        }
    }

    /// Connect, one round trip, close, again and again.
    func measureConnect(_ messages: BenchMessages, for duration: Duration) async throws {
        try await placed {
            var total = 0
            for phase in Phases(duration: duration) {
                var count = 0
                let start = nanoseconds()
                repeat {
                    try await withConnection { try await messages.roundTrip($0) }
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
