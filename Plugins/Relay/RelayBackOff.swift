/// How long to wait before the next attempt: spread, so that listeners of a relay that comes back do not all arrive at once.
///
/// At first up to 100 ms, then between half and all of a time that doubles from 100 ms to 30 s.
struct RelayBackOff: Sendable {
    private static let first = 100.0
    private static let most = 30_000.0
    /// What was up for so long, in nanoseconds, had nothing wrong with it.
    static let settled: UInt64 = 10_000_000_000
    private var failures = 0

    mutating func succeeded() { failures = 0 }

    mutating func next(using generator: inout some RandomNumberGenerator) -> Duration {
        defer { failures = min(failures + 1, 32) }
        guard failures > 0 else { return .milliseconds(Int.random(in: 0...100, using: &generator)) }
        var limit = Self.first
        for _ in 0..<failures where limit < Self.most { limit *= 2 }
        limit = min(limit, Self.most)
        return .milliseconds(Int(Double.random(in: limit / 2...limit, using: &generator)))
    }
}
