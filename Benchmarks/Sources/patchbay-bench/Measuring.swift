internal import Glibc

/// The clock that the C peers read, at the same price.
func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

func nanoseconds(of duration: Duration) -> UInt64 { UInt64(duration / .nanoseconds(1)) }

/// How long each loop of a measurement runs; the first only warms up.
struct Phases: Sequence {
    let duration: Duration

    func makeIterator() -> IndexingIterator<[Phase]> {
        [Phase(nanoseconds: nanoseconds(of: duration / 4), isWarmUp: true), Phase(nanoseconds: nanoseconds(of: duration), isWarmUp: false)]
            .makeIterator()
    }
}

struct Phase {
    let nanoseconds: UInt64
    let isWarmUp: Bool
}

/// "p50_us=… p99_us=…" of samples in nanoseconds.
func percentiles(_ samples: inout [UInt64], _ wanted: [(name: String, perMille: Int)] = [("p50", 500), ("p99", 990)]) -> String {
    samples.sort()
    guard !samples.isEmpty else { PatchbayBench.fail("patchbay-bench: nothing was measured in this time") }
    return wanted.map { "\($0.name)_us=\(Double(samples[samples.count * $0.perMille / 1000]) / 1e3)" }.joined(separator: " ")
}

/// "messages_per_second=… bytes_per_second=… count=… seconds=… total=…"
func throughput(_ count: Int, _ messageBytes: Int, _ elapsed: UInt64, total: Int) -> String {
    let seconds = Double(elapsed) / 1e9
    let rate = Double(count) / seconds
    return "messages_per_second=\(Int(rate)) bytes_per_second=\(Int(rate * Double(messageBytes)))"
        + " count=\(count) seconds=\(seconds) total=\(total) message_bytes=\(messageBytes)"
}
