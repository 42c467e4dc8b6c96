internal import CoreMetrics
internal import PatchbayIO
internal import Synchronization

/// One number of a family: a counter, or a gauge.
final class PrometheusNumber: CounterHandler, FloatingPointCounterHandler, MeterHandler, RecorderHandler, Sendable {
    private let isCounter: Bool
    private let state = Locked(0.0)

    init(isCounter: Bool) { self.isCounter = isCounter }

    var value: Double { state.withLock { $0 } }

    /// A counter never falls.
    private func add(_ amount: Double) {
        guard !isCounter || amount > 0 else { return }
        state.withLock { $0 += amount }
    }

    func increment(by amount: Int64) { add(Double(amount)) }
    func increment(by amount: Double) { add(amount) }
    func decrement(by amount: Double) { add(-amount) }
    func reset() { state.withLock { $0 = 0 } }
    func set(_ value: Int64) { set(Double(value)) }
    func set(_ value: Double) { state.withLock { $0 = value } }
    func record(_ value: Int64) { set(Double(value)) }
    func record(_ value: Double) { set(value) }
}

/// A distribution of values over buckets.
final class PrometheusHistogram: RecorderHandler, TimerHandler, Sendable {
    struct Content: Sendable {
        /// How many were at most as much as each bound, the last without a bound.
        var counts: [UInt64]
        var sum = 0.0
    }

    let bounds: [Double]
    private let state: Locked<Content>

    /// - Parameter bounds: ascending, finite.
    init(bounds: [Double]) {
        self.bounds = bounds
        state = Locked(Content(counts: [UInt64](repeating: 0, count: bounds.count + 1)))
    }

    var content: Content { state.withLock { $0 } }

    func record(_ value: Int64) { record(Double(value)) }

    func record(_ value: Double) {
        guard !value.isNaN else { return }
        let first = bounds.firstIndex { value <= $0 } ?? bounds.count
        state.withLock { state in
            for index in first..<state.counts.count { state.counts[index] &+= 1 }
            state.sum += value
        }
    }

    /// In seconds, as Prometheus wants all times.
    func recordNanoseconds(_ duration: Int64) { record(Double(duration) / 1e9) }
}
