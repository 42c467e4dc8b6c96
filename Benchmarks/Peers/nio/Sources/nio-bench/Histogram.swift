/// Latencies, counted instead of kept, as the C peers do: a bucket is at most 1/1,024 of its value wide.
struct Histogram {
    private static let stepBits = 10
    private static let steps = 1 << stepBits

    private var buckets = [UInt64](repeating: 0, count: (64 - stepBits + 1) * steps)
    private(set) var count: UInt64 = 0

    mutating func add(_ nanoseconds: UInt64) {
        count += 1
        guard nanoseconds >= Self.steps else {
            buckets[Int(nanoseconds)] += 1
            return
        }
        let shift = 63 - nanoseconds.leadingZeroBitCount - Self.stepBits
        buckets[(shift + 1) * Self.steps + Int(nanoseconds >> UInt64(shift)) % Self.steps] += 1
    }

    /// The latency in µs that a share of all samples stays below.
    func percentile(_ share: Double) -> Double {
        let rank = UInt64(Double(count) * share)
        var seen: UInt64 = 0
        for (index, samples) in buckets.enumerated() {
            seen += samples
            guard seen > rank else { continue }
            let (octave, step) = index.quotientAndRemainder(dividingBy: Self.steps)
            guard octave > 0 else { return Double(step) / 1e3 }
            return (Double(Self.steps + step) + 0.5) * Double(UInt64(1) << UInt64(octave - 1)) / 1e3
        }
        return 0
    }
}
