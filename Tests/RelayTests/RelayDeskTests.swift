import FuzzSupport
import PatchbayCore
import PatchbayRelay
import Testing

@testable import PatchbayRelayServer

@Suite("What a relay decides")
struct RelayDeskTests {
    private static let ops = RelayGrant(id: "ops", rights: [.listen, .dial], patterns: ["worker-*", "db"])
    private static let pool = RelayGrant(id: "pool", rights: [.listen, .dial, .share], patterns: ["*"])
    private static let guest = RelayGrant(id: "guest", rights: [.dial], patterns: ["*"])

    private func caller(_ client: UInt64, _ grant: RelayGrant = ops, _ address: String = "10.0.0.1") -> RelayDesk.Caller {
        RelayDesk.Caller(client: client, grant: grant, address: address)
    }

    private func id(_ number: UInt64) -> RelayDesk.CircuitID { RelayDesk.CircuitID(high: 1, low: number) }
    private func instance(_ number: UInt8) -> [UInt8] { [UInt8](repeating: number, count: 16) }

    private func code(_ body: () throws -> Void) -> PatchbayError.Code? {
        do {
            try body()
            return nil
        } catch {
            return (error as? RelayDesk.Refusal)?.code
        }
    }

    @Test("a call goes to the listener of its name, is taken once, and ends")
    func call() throws {
        var desk = RelayDesk(limits: RelayLimits())
        _ = try desk.register("db", caller(1), instance: instance(1), generation: 1)
        #expect(try desk.dial("db", caller(2, Self.guest), id: id(7), now: 0) == 1)
        #expect(desk.accept(id(8)) == nil)
        #expect(desk.accept(id(7)) == 2)
        #expect(desk.accept(id(7)) == nil)
        desk.end(id(7))
        desk.end(id(7))
        #expect(desk.circuits.isEmpty)
        desk.leave(1, inOrder: true, now: 5)
        #expect(desk.names.isEmpty && desk.registrations == 0)
    }

    @Test("what a key does not allow is refused before anything is told of the name")
    func rights() throws {
        var desk = RelayDesk(limits: RelayLimits())
        #expect(code { _ = try desk.register("other", caller(1), instance: instance(1), generation: 1) } == .permissionDenied)
        #expect(code { _ = try desk.register("db", caller(1, Self.guest), instance: instance(1), generation: 1) } == .permissionDenied)
        #expect(code { _ = try desk.dial("nobody", caller(2), id: id(1), now: 0) } == .permissionDenied)
        #expect(code { _ = try desk.dial("worker-1", caller(2), id: id(1), now: 0) } == .noSuchName)
    }

    @Test("a name belongs to its key; the same key takes it over with a higher generation, the same listener at once")
    func takeover() throws {
        var desk = RelayDesk(limits: RelayLimits())
        _ = try desk.register("db", caller(1), instance: instance(1), generation: 5)
        #expect(code { _ = try desk.register("db", caller(2, Self.pool), instance: instance(2), generation: 9) } == .permissionDenied)
        #expect(code { _ = try desk.register("db", caller(2), instance: instance(2), generation: 5) } == .nameTaken)
        let again = try desk.register("db", caller(3), instance: instance(1), generation: 5)
        #expect(again == RelayDesk.Registered(replaced: (1, true)))
        let other = try desk.register("db", caller(4), instance: instance(2), generation: 6)
        #expect(other == RelayDesk.Registered(replaced: (3, false)))
        #expect(desk.registrations == 1)
        // The one that lost its place comes again, with what it had.
        #expect(code { _ = try desk.register("db", caller(5), instance: instance(1), generation: 5) } == .nameTaken)
    }

    @Test("a name whose listener is gone is away until the lease ends, and nobody else's meanwhile")
    func away() throws {
        var limits = RelayLimits()
        limits.lease = .seconds(30)
        var desk = RelayDesk(limits: limits)
        _ = try desk.register("db", caller(1), instance: instance(1), generation: 5)
        desk.leave(1, inOrder: false, now: 1_000_000_000)
        #expect(code { _ = try desk.dial("db", caller(2), id: id(1), now: 2_000_000_000) } == .nameAway)
        #expect(code { _ = try desk.register("db", caller(3, Self.pool), instance: instance(3), generation: 9) } == .permissionDenied)
        #expect(desk.expire(now: 30_999_999_999).isEmpty)
        #expect(desk.names["db"] != nil)
        #expect(code { _ = try desk.dial("db", caller(2), id: id(1), now: 31_000_000_000) } == .noSuchName)
        _ = desk.expire(now: 32_000_000_000)
        #expect(desk.names.isEmpty)
        #expect(code { _ = try desk.dial("db", caller(2), id: id(1), now: 0) } == .noSuchName)
    }

    @Test("several listeners of one name are called in turn, the idle ones first")
    func spread() throws {
        var desk = RelayDesk(limits: RelayLimits())
        for number in 1...3 {
            _ = try desk.register("p", caller(UInt64(number), Self.pool), instance: instance(UInt8(number)), generation: 1)
        }
        var called: [UInt64] = []
        for number in 0..<6 { called.append(try desk.dial("p", caller(9, Self.guest), id: id(UInt64(number)), now: 0)) }
        #expect(called == [1, 2, 3, 1, 2, 3])
        desk.end(id(1))
        #expect(try desk.dial("p", caller(9, Self.guest), id: id(10), now: 0) == 2)
    }

    @Test("a call that nobody takes ends in time, and its dialer is named")
    func unanswered() throws {
        var limits = RelayLimits()
        limits.answer = .seconds(10)
        var desk = RelayDesk(limits: limits)
        _ = try desk.register("db", caller(1), instance: instance(1), generation: 1)
        _ = try desk.dial("db", caller(2), id: id(1), now: 0)
        _ = try desk.dial("db", caller(3), id: id(2), now: 0)
        _ = desk.accept(id(2))
        #expect(desk.expire(now: 9_999_999_999).isEmpty)
        #expect(desk.expire(now: 10_000_000_000).map(\.dialer) == [2])
        #expect(desk.accept(id(1)) == nil)
        #expect(desk.circuits.count == 1)
    }

    @Test("each limit is kept, and given back")
    func limits() throws {
        var limits = RelayLimits()
        limits.registrations = 3
        limits.registrationsPerAddress = 2
        limits.circuits = 5
        limits.waitingPerName = 2
        limits.circuitsPerName = 4
        var desk = RelayDesk(limits: limits)
        _ = try desk.register("worker-1", caller(1), instance: instance(1), generation: 1)
        _ = try desk.register("worker-2", caller(2), instance: instance(2), generation: 1)
        #expect(code { _ = try desk.register("worker-3", caller(3), instance: instance(3), generation: 1) } == .relayFull)
        _ = try desk.register("worker-3", caller(3, Self.ops, "10.0.0.2"), instance: instance(3), generation: 1)
        #expect(
            code { _ = try desk.register("worker-4", caller(4, Self.ops, "10.0.0.3"), instance: instance(4), generation: 1) } == .relayFull
        )
        for number in 1...2 { _ = try desk.dial("worker-1", caller(9), id: id(UInt64(number)), now: 0) }
        #expect(code { _ = try desk.dial("worker-1", caller(9), id: id(3), now: 0) } == .relayFull)
        _ = desk.accept(id(1))
        _ = desk.accept(id(2))
        for number in 3...4 { _ = try desk.dial("worker-1", caller(9), id: id(UInt64(number)), now: 0) }
        _ = desk.accept(id(3))
        #expect(code { _ = try desk.dial("worker-1", caller(9), id: id(5), now: 0) } == .relayFull)
        _ = try desk.dial("worker-2", caller(9), id: id(5), now: 0)
        #expect(code { _ = try desk.dial("worker-3", caller(9), id: id(6), now: 0) } == .relayFull)
        #expect(desk.load == 1)
        desk.end(id(1))
        _ = try desk.dial("worker-3", caller(9), id: id(6), now: 0)
    }

    @Test("a name that is away keeps its place among the registrations, for its listener, until it is forgotten")
    func awayCounts() throws {
        var limits = RelayLimits()
        limits.registrationsPerAddress = 3
        var desk = RelayDesk(limits: limits)
        for client in 1...3 as ClosedRange<UInt64> {
            _ = try desk.register("worker-\(client)", caller(client), instance: instance(UInt8(client)), generation: 1)
            desk.leave(client, inOrder: false, now: 0)
        }
        #expect(code { _ = try desk.register("worker-4", caller(4), instance: instance(4), generation: 1) } == .relayFull)
        // The listener of one of them comes back, and is cut again.
        _ = try desk.register("worker-2", caller(5), instance: instance(2), generation: 1)
        desk.leave(5, inOrder: false, now: 1)
        #expect(code { _ = try desk.register("worker-4", caller(6), instance: instance(4), generation: 1) } == .relayFull)
        checkTallies(desk)
        _ = desk.expire(now: limits.lease.nanosecondsClamped + 1)
        #expect(desk.names.isEmpty)
        _ = try desk.register("worker-4", caller(7), instance: instance(4), generation: 1)
        checkTallies(desk)
    }

    @Test("calls outlive the line of their listener, and count when it comes again")
    func comesAgain() throws {
        var desk = RelayDesk(limits: RelayLimits())
        let sharing = RelayGrant(id: "ops", rights: [.listen, .dial, .share], patterns: ["*"])
        for client in [1, 2] as [UInt64] {
            _ = try desk.register("worker", caller(client, sharing), instance: instance(UInt8(client)), generation: 1)
        }
        let first = try desk.dial("worker", caller(10, sharing), id: id(1), now: 0)
        desk.leave(first, inOrder: false, now: 0)
        _ = try desk.register("worker", caller(3, sharing), instance: instance(UInt8(first)), generation: 1)
        // The one that has none is called before the one that came again with its call.
        #expect(try desk.dial("worker", caller(11, sharing), id: id(2), now: 0) == 3 - first)
        desk.end(id(1))
        #expect(try desk.dial("worker", caller(12, sharing), id: id(3), now: 0) == 3)
        checkTallies(desk)
    }

    /// The most that one of them has.
    private func most(_ owners: some Sequence<String>) -> Int { Dictionary(owners.map { ($0, 1) }, uniquingKeysWith: +).values.max() ?? 0 }

    /// What is counted as it comes and goes is what there is.
    private func checkTallies(_ desk: RelayDesk) {
        let loads = Dictionary(desk.loads.map { ($0.name, $0.used) }) { $1 }
        let members = desk.names.values.flatMap { entry in entry.members.map { (key: entry.key ?? "", address: $0.address) } }
        let away = desk.names.values.count { $0.awayFrom != nil }
        #expect(loads["registrations"] == members.count + away && loads["calls"] == desk.circuits.count)
        #expect(loads["registrations-per-key"] == most(members.map(\.key)))
        #expect(loads["registrations-per-address"] == most(members.map(\.address)))
        #expect(loads["calls-per-key"] == most(desk.circuits.values.map { $0.key ?? "" }))
        #expect(loads["calls-per-address"] == most(desk.circuits.values.map(\.address)))
    }

    @Test("whatever happens in whatever order, the counts are those of what is there")
    func fuzz() throws {
        var generator = FuzzSource.forTest()
        var limits = RelayLimits()
        limits.registrations = 20
        limits.circuits = 30
        limits.waitingPerName = 4
        var desk = RelayDesk(limits: limits)
        var now: UInt64 = 0
        var next: UInt64 = 100
        for _ in 0..<20_000 {
            now += UInt64.random(in: 0..<2_000_000_000, using: &generator)
            let name = "worker-\(Int.random(in: 0..<8, using: &generator))"
            let grant = [Self.ops, Self.pool].randomElement(using: &generator) ?? Self.ops
            let address = "10.0.0.\(Int.random(in: 0..<3, using: &generator))"
            next += 1
            switch Int.random(in: 0..<25, using: &generator) {
            case 0...3:
                _ = try? desk.register(
                    name,
                    caller(next, grant, address),
                    instance: instance(UInt8.random(in: 0..<9, using: &generator)),
                    generation: UInt64.random(in: 0..<4, using: &generator)
                )
            case 4...7: _ = try? desk.dial(name, caller(next, grant, address), id: id(next), now: now)
            case 8...11: if let circuit = desk.circuits.keys.randomElement(using: &generator) { _ = desk.accept(circuit) }
            case 12...15: if let circuit = desk.circuits.keys.randomElement(using: &generator) { desk.end(circuit) }
            case 16...19:
                if let member = desk.names.values.flatMap(\.members).randomElement(using: &generator) {
                    desk.leave(member.client, inOrder: Bool.random(using: &generator), now: now)
                }
            case 20...23: _ = desk.expire(now: now)
            default:
                let key = Bool.random(using: &generator) ? Self.ops.id : Self.pool.id
                let right: RelayGrant.Rights = Bool.random(using: &generator) ? .listen : .dial
                let revoked = desk.revoke { asked, _, owner in asked != right || owner != key }
                if right == .dial {
                    #expect(revoked.listeners.isEmpty)
                } else {
                    let left = desk.names.values.filter { $0.key == key }.flatMap(\.members)
                    #expect(left.isEmpty)
                }
            }
            checkTallies(desk)
            #expect(desk.registrations == desk.names.values.reduce(0) { $0 + $1.members.count })
            #expect(desk.registrations <= limits.registrations && desk.circuits.count <= limits.circuits)
            for (name, entry) in desk.names {
                let own = desk.circuits.values.filter { $0.name == name }
                #expect(entry.waiting == own.count { $0.deadline != nil } && entry.calls == own.count { $0.deadline == nil })
                for member in entry.members { #expect(member.calls == own.count { $0.listener == member.client }) }
            }
        }
    }
}
