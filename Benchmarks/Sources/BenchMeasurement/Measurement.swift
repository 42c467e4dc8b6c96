internal import Glibc

/// One line of output for each figure: `peer shape direction nanoseconds allocations bytes`, which the Python beside it reads.
package struct Measurement {
    /// Processor time that one figure takes, in nanoseconds.
    @usableFromInline let nanoseconds: UInt64
    /// Only what these are prefixes of is measured; all where there are none.
    @usableFromInline let filters: [String]

    /// Runs each body so many times and measures nothing, for a profiler that counts instructions.
    @usableFromInline let fixedCount: Int?

    /// Says how many allocations there were, where Counters' liballocations.so is loaded.
    @usableFromInline let counter: (@convention(c) () -> UInt64)?

    package init(nanoseconds: UInt64 = 0, fixedCount: Int? = nil, filters: [String]) {
        self.fixedCount = fixedCount
        self.nanoseconds = nanoseconds
        self.filters = filters
        counter = dlsym(nil, "benchmark_allocations").map { unsafeBitCast($0, to: (@convention(c) () -> UInt64).self) }
    }

    /// Whether anything of a peer's work on a shape is to be measured, so that the rest need not be prepared.
    package func wants(_ peer: String, _ shape: String) -> Bool {
        filters.isEmpty || filters.contains { $0.hasPrefix("\(peer) \(shape) ") || $0.hasPrefix("\(peer)-value \(shape) ") }
            || filters.contains { "\(peer) \(shape)".hasPrefix($0) || "\(peer)-value \(shape)".hasPrefix($0) }
    }

    /// - Parameter times: how often the body does what is measured.
    @inlinable
    package func measure(
        _ peer: String,
        _ shape: String,
        _ direction: String,
        bytes: Int,
        times: Int = 1,
        _ body: () throws -> Void
    ) rethrows {
        let name = "\(peer) \(shape) \(direction)"
        guard filters.isEmpty || filters.contains(where: name.hasPrefix) else { return }
        if let fixedCount {
            _ = try time(fixedCount, body)
            return
        }
        var count = 1
        var taken: UInt64 = 0
        // Warms up, and finds how many make about a tenth of the time.
        while taken < nanoseconds / 10 {
            count *= 2
            taken = try time(count, body)
        }
        count = max(1, Int(Double(count) * Double(nanoseconds) / Double(taken)))
        let before = counter?() ?? 0
        taken = try time(count, body)
        let done = Double(count * times)
        let allocations = counter.map { "\(Double($0() - before) / done)" } ?? "-"
        print(name, Double(taken) / done, allocations, bytes)
    }

    /// Of this thread, so that what else runs on the machine counts less.
    @inlinable
    @inline(never)
    func time(_ count: Int, _ body: () throws -> Void) rethrows -> UInt64 {
        let start = Self.now()
        for _ in 0..<count { try body() }
        return Self.now() - start
    }

    @usableFromInline
    static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
}
