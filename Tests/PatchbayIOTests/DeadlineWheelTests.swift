import FuzzSupport
import PatchbayIO
import Synchronization
import Testing

@Suite("The deadline wheel", .timeLimit(.minutes(1)))
struct DeadlineWheelTests {
    private final class Target: DeadlineTarget {
        let at: UInt64
        init(_ at: UInt64) { self.at = at }
        func deadlineReached(now: UInt64) -> UInt64? { nil }
    }

    /// One slot, in nanoseconds.
    private static let slot: UInt64 = 1 << DeadlineWheel.slotShift

    private func due(_ wheel: inout DeadlineWheel, _ now: UInt64) -> [UInt64] {
        var due: [any DeadlineTarget] = []
        wheel.advance(to: now, into: &due)
        return due.compactMap { ($0 as? Target)?.at }.sorted()
    }

    // The macros' expansions would copy the wheel.
    private func next(_ wheel: borrowing DeadlineWheel) -> UInt64? { wheel.next }
    private func expectEmpty(_ wheel: borrowing DeadlineWheel) {
        let (next, count) = (wheel.next, wheel.count)
        #expect(next == nil)
        #expect(count == 0)
    }
    private func count(_ wheel: borrowing DeadlineWheel) -> Int { wheel.count }

    @Test("an empty wheel has no next instant, and nothing is ever due")
    func empty() {
        var wheel = DeadlineWheel()
        expectEmpty(wheel)
        #expect(due(&wheel, .max) == [])
        expectEmpty(wheel)
    }

    @Test("a target is never asked early, and at most a slot late", arguments: [0, 1, 255, 256, 257, 511, 65_536, 1 << 40])
    func resolution(slots: UInt64) {
        var wheel = DeadlineWheel()
        let target = Target(slots * Self.slot + 77)
        wheel.insert(target, at: target.at)
        #expect(due(&wheel, target.at - 1) == [])
        #expect(due(&wheel, target.at) == [])
        #expect(due(&wheel, target.at + Self.slot) == [target.at])
        #expect(due(&wheel, target.at + 9 * Self.slot) == [])
        expectEmpty(wheel)
    }

    @Test("the next instant is worth waking for: after it the earliest target is due")
    func worthWaking() throws {
        var wheel = DeadlineWheel()
        let targets = [900, 3, 70_000, 255, 256].map { Target($0 * Self.slot + 5) }
        for target in targets { wheel.insert(target, at: target.at) }
        for target in targets.sorted(by: { $0.at < $1.at }) {
            let awaited = next(wheel)
            let instant = try #require(awaited)
            #expect(instant >= target.at && instant <= target.at + Self.slot)
            #expect(due(&wheel, instant) == [target.at])
        }
        expectEmpty(wheel)
    }

    @Test("a deadline at the end of time neither overflows nor comes")
    func farAway() {
        var wheel = DeadlineWheel()
        let target = Target(.max)
        wheel.insert(target, at: .max)
        let instant = next(wheel)
        #expect(instant == .max)
        #expect(due(&wheel, 1 << 62) == [])
        let left = count(wheel)
        #expect(left == 1)
    }

    @Test("a deadline in the past is due in the next slot")
    func past() {
        var wheel = DeadlineWheel()
        #expect(due(&wheel, 1000 * Self.slot) == [])
        let target = Target(3)
        wheel.insert(target, at: 3)
        #expect(due(&wheel, 1001 * Self.slot) == [3])
    }

    @Test("a leap over many rounds hands over everything that passed")
    func leap() {
        var wheel = DeadlineWheel()
        let targets = (0..<10_000).map { Target(UInt64($0) * 37_000_003) }
        for target in targets { wheel.insert(target, at: target.at) }
        #expect(due(&wheel, 20_000 * 37_000_003).count == targets.count)
    }

    @Test("ten thousand targets in steps each come exactly once and in their slot")
    func many() {
        var wheel = DeadlineWheel()
        var generator = FuzzSource.forTest()
        let targets = (0..<10_000).map { _ in Target(UInt64.random(in: 0..<(2000 * Self.slot), using: &generator)) }
        for target in targets { wheel.insert(target, at: target.at) }
        var seen = 0
        var now: UInt64 = 0
        while now < 2003 * Self.slot {
            let before = now
            now += UInt64.random(in: 1..<(5 * Self.slot), using: &generator)
            for at in due(&wheel, now) {
                #expect(at <= now && at + 2 * Self.slot > before)
                seen += 1
            }
        }
        #expect(seen == targets.count)
    }

    @Test("a target that is gone is not handed over, and its place is freed")
    func weak() {
        var wheel = DeadlineWheel()
        wheel.insert(Target(Self.slot), at: Self.slot)
        #expect(due(&wheel, 5 * Self.slot) == [])
        expectEmpty(wheel)
    }

    @Test("what is taken out does not come, what stays comes once, and nothing is left over")
    func remove() {
        var wheel = DeadlineWheel()
        var generator = FuzzSource.forTest()
        // 40 instants for 4,000 targets: many in one slot, and slots of several rounds.
        let instants = (0..<40).map { _ in UInt64.random(in: 1..<(900 * Self.slot), using: &generator) }
        let targets = (0..<4000).map { _ in Target(instants.randomElement(using: &generator) ?? 1) }
        for target in targets { wheel.insert(target, at: target.at) }
        var staying: [UInt64] = []
        for target in targets {
            guard Bool.random(using: &generator) else {
                staying.append(target.at)
                continue
            }
            wheel.remove(target, at: target.at)
            wheel.remove(target, at: target.at)
        }
        let left = count(wheel)
        #expect(left == staying.count)
        #expect(due(&wheel, 1000 * Self.slot) == staying.sorted())
        for target in targets { wheel.remove(target, at: target.at) }
        expectEmpty(wheel)
    }
}
