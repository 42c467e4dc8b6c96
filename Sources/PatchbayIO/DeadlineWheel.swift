/// Something that has a time.
package protocol DeadlineTarget: AnyObject, Sendable {
    /// Called on the reactor's thread when the time may have come.
    /// - Returns: the next instant to look again, in nanoseconds of the monotonic clock, or nil.
    func deadlineReached(now: UInt64) -> UInt64?
}

/// A hashed timer wheel: 256 slots of about 4 ms. A pure structure; time is what it is told.
///
/// Targets are held weakly, and need not be taken out: a target whose deadline moved says so when it is asked, which makes
/// setting a deadline on every receive cheap.
package struct DeadlineWheel: ~Copyable {
    private struct Entry {
        weak var target: (any DeadlineTarget)?
        /// Compared in the target's place: a reference to it, taken here, could be its last, and its end would come under the lock of the wheel.
        var identity: ObjectIdentifier
        var tick: UInt64
    }

    /// 2^22 ns: one slot.
    package static let slotShift: UInt64 = 22
    private static let slotCount: UInt64 = 256

    private var slots: [[Entry]] = Array(repeating: [], count: Int(slotCount))
    private var current: UInt64 = 0
    private var earliest = UInt64.max
    package private(set) var count = 0

    package init() {}

    /// When ``advance(to:into:)`` is worth calling next, in nanoseconds; nil when the wheel is empty.
    package var next: UInt64? {
        guard count > 0 else { return nil }
        let (time, overflow) = earliest.multipliedReportingOverflow(by: 1 << Self.slotShift)
        return overflow ? .max : time
    }

    /// The target is asked within a slot after `at`, never before.
    package mutating func insert(_ target: any DeadlineTarget, at: UInt64) {
        let tick = max(Self.tick(at), current + 1)
        slots[Int(tick % Self.slotCount)].append(Entry(target: target, identity: ObjectIdentifier(target), tick: tick))
        count += 1
        earliest = min(earliest, tick)
    }

    /// Takes out what was inserted for that instant, unless it was handed over: for those who come by the thousand and are
    /// soon done. The cost grows with what else waits in the slot.
    package mutating func remove(_ target: any DeadlineTarget, at: UInt64) {
        let tick = Self.tick(at)
        let slot = Int(tick % Self.slotCount)
        let identity = ObjectIdentifier(target)
        guard let index = slots[slot].lastIndex(where: { $0.identity == identity && $0.tick == tick }) else { return }
        // Order within a slot means nothing.
        slots[slot].swapAt(index, slots[slot].count - 1)
        slots[slot].removeLast()
        count -= 1
        if slots[slot].isEmpty, slots[slot].capacity > Self.keptCapacity { slots[slot] = [] }
        // `earliest` may stay too early: a look for nothing, after which it is right.
    }

    /// The slot after the instant.
    private static func tick(_ at: UInt64) -> UInt64 { (at >> slotShift) + 1 }
    private static var keptCapacity: Int { 16 }

    /// Moves to `now` and hands over the targets whose time came.
    package mutating func advance(to now: UInt64, into due: inout [any DeadlineTarget]) {
        let tick = now >> Self.slotShift
        guard tick > current else { return }
        let behind = tick >= Self.slotCount ? tick - Self.slotCount + 1 : 0
        let first = max(min(earliest, tick), behind, current)
        current = tick
        for passed in first...tick {
            let index = Int(passed % Self.slotCount)
            guard !slots[index].isEmpty else { continue }
            slots[index].removeAll { entry in
                guard entry.tick <= tick else { return false }
                count -= 1
                if let target = entry.target { due.append(target) }
                return true
            }
        }
        findEarliest()
    }

    private mutating func findEarliest() {
        earliest = .max
        guard count > 0 else { return }
        for step in 1...Self.slotCount {
            for entry in slots[Int((current + step) % Self.slotCount)] { earliest = min(earliest, entry.tick) }
            // An entry of this round is earlier than all that the slots ahead can hold.
            if earliest <= current + step { return }
        }
    }
}
