internal import Glibc

/// The clock that the C peers read, at the same price.
func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// What a client prints: key=value on one line.
struct Results {
    var latencies = Histogram()
    var count: UInt64 = 0
    var total: UInt64 = 0
    var nanoseconds: UInt64 = 1

    private var seconds: Double { Double(nanoseconds) / 1e9 }
    private var rate: Double { Double(count) / seconds }

    private func percentiles(_ names: String...) -> String {
        let shares = ["p50": 0.5, "p90": 0.9, "p99": 0.99, "p999": 0.999]
        return names.map { "\($0)_us=\(latencies.percentile(shares[$0]!))" }.joined(separator: " ")
    }

    func printLatency() {
        print(percentiles("p50", "p90", "p99", "p999"), "count=\(latencies.count) total=\(total)")
    }

    func printStream(size: Int) {
        print(
            "messages_per_second=\(Int(rate)) bytes_per_second=\(Int(rate * Double(size)))",
            "count=\(count) seconds=\(seconds) total=\(total)"
        )
    }

    func printRoundTrips() {
        print("messages_per_second=\(Int(rate))", percentiles("p50", "p99"), "count=\(count) seconds=\(seconds) total=\(total)")
    }

    func printConnections() {
        print("connections_per_second=\(Int(rate)) count=\(count) seconds=\(seconds) total=\(total)")
    }

    func printSchedule() {
        print(percentiles("p50", "p99", "p999"), "sent_per_second=\(Int(rate)) count=\(latencies.count) total=\(total)")
    }
}

func printMemory(before: Int, after: Int, connections: Int) {
    print("bytes_per_connection=\((after - before) / connections) count=\(connections) before_bytes=\(before) after_bytes=\(after)")
}
