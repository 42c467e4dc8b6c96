import Testing

@testable import PatchbayRelayServer

@Suite("What a relay logs is bounded")
struct RelayLogTests {
    @Test("so many lines of a kind pass in a window, the others are counted, and another kind is not held up")
    func throttle() {
        var throttle = LogThrottle(most: 3, in: .seconds(10))
        let admitted = (0..<5).map { throttle.admit("a", now: UInt64($0)) }
        #expect(admitted == [true, true, true, false, false])
        let other = throttle.admit("b", now: 6)
        #expect(other)
        let early = throttle.turn(now: 9_999_999_999)
        #expect(early.isEmpty)
        let held = throttle.turn(now: 10_000_000_006)
        #expect(held.map(\.kind) == ["a"] && held.map(\.held) == [2])
        let again = throttle.admit("a", now: 10_000_000_007)
        #expect(again)
    }

    @Test("a limit is told of once when it is four fifths used, and once when it has room again, however it trembles")
    func alarm() {
        var alarm = LoadAlarm()
        func look(_ used: Int) -> [LoadAlarm.Change] { alarm.look(at: [RelayLoad(name: "calls", used: used, limit: 100)]) }
        #expect(look(79).isEmpty)
        #expect(look(80) == [.crossed(RelayLoad(name: "calls", used: 80, limit: 100))])
        for used in [79, 81, 75, 100, 70] { #expect(look(used).isEmpty) }
        #expect(look(69) == [.back(RelayLoad(name: "calls", used: 69, limit: 100))])
        #expect(look(50).isEmpty)
        #expect(look(90).count == 1)
    }
}
