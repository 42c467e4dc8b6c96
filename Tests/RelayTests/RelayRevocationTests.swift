import PatchbayCore
import PatchbayRelay
import Testing

@testable import PatchbayRelayServer

@Suite("What a relay does when keys are withdrawn")
struct RelayRevocationTests {
    private static let ops = RelayGrant(id: "ops", rights: [.listen, .dial], patterns: ["*"])
    private static let guest = RelayGrant(id: "guest", rights: [.dial], patterns: ["*"])

    private func caller(_ client: UInt64, _ grant: RelayGrant = ops) -> RelayDesk.Caller {
        RelayDesk.Caller(client: client, grant: grant, address: "10.0.0.1")
    }

    private func id(_ number: UInt64) -> RelayDesk.CircuitID { RelayDesk.CircuitID(high: 1, low: number) }

    @Test("listeners lose their place, calls that nobody took end, open ones stay, and the name is free when they are over")
    func revoke() throws {
        var desk = RelayDesk(limits: RelayLimits())
        _ = try desk.register("db", caller(1), instance: [1], generation: 9)
        _ = try desk.dial("db", caller(2, Self.guest), id: id(1), now: 0)
        _ = try desk.dial("db", caller(3, Self.guest), id: id(2), now: 0)
        _ = desk.accept(id(1))
        let revoked = desk.revoke { _, _, key in key == "guest" }
        #expect(revoked.listeners == [1])
        #expect(revoked.calls.map(\.dialer) == [3] && revoked.calls.map(\.code) == [.noSuchName])
        #expect(desk.registrations == 0 && desk.circuits.count == 1 && desk.loads.first { $0.name == "registrations-per-key" }?.used == 0)
        desk.end(id(1))
        _ = desk.expire(now: 1)
        #expect(desk.names.isEmpty)
        // Another key may have it, with any generation.
        let other = RelayGrant(id: "other", rights: [.listen], patterns: ["*"])
        _ = try desk.register("db", caller(4, other), instance: [2], generation: 1)
    }

    @Test("a name that is away is free at once, and a dialer's own key counts too")
    func awayAndDialers() throws {
        var desk = RelayDesk(limits: RelayLimits())
        _ = try desk.register("away", caller(1), instance: [1], generation: 1)
        desk.leave(1, inOrder: false, now: 0)
        _ = desk.revoke { _, _, _ in false }
        #expect(desk.names.isEmpty)
        _ = try desk.register("db", caller(2), instance: [1], generation: 1)
        _ = try desk.dial("db", caller(3, Self.guest), id: id(1), now: 0)
        let revoked = desk.revoke { _, _, key in key == "ops" }
        #expect(revoked.listeners.isEmpty && revoked.calls.map(\.code) == [.permissionDenied])
        #expect(desk.names["db"]?.waiting == 0 && desk.circuits.isEmpty)
    }

    @Test("limits have names, ranges, and the nearest name for a mistyped one")
    func limits() throws {
        var limits = RelayLimits()
        try limits.set("calls", to: 7)
        try limits.set("lease-seconds", to: 60)
        #expect(limits.circuits == 7 && limits.lease == .seconds(60))
        for name in RelayLimits.names { #expect(throws: PatchbayError.self) { try limits.set(name, to: 0) } }
        #expect { try limits.set("cals", to: 1) } throws: { ($0 as? PatchbayError)?.message.contains("did you mean 'calls'?") == true }
        #expect {
            try limits.set("quixotic-zeal", to: 1)
        } throws: {
            ($0 as? PatchbayError)?.message.contains("no limit 'quixotic-zeal'; there are registrations, ") == true
        }
        // Each load is of a limit that can be set.
        for load in RelayDesk(limits: limits).loads { #expect(RelayLimits.names.contains(load.name)) }
    }

    @Test("a line of an access file is what such a file holds, and nothing that would be another line")
    func accessLine() throws {
        let key = "0123456789abcdef"
        #expect(
            try AccessFile.line(id: "ops", rights: "listen,dial", names: "db,worker-*", key: key) == "ops listen,dial db,worker-* \(key)"
        )
        for (id, rights, names, key) in [
            ("", "dial", "*", key), ("a b", "dial", "*", key), ("#ops", "dial", "*", key), ("ops", "fly", "*", key),
            ("ops", "dial", "a*b", key), ("ops", "dial", "*", "short"), ("ops\nroot", "dial", "*", key),
            ("ops", "dial", "*", "\(key)\n\(key)"),
        ] {
            #expect(throws: PatchbayError.self) { try AccessFile.line(id: id, rights: rights, names: names, key: key) }
        }
        #expect(try RelayAccessFile("# who\r\nops dial * \(key)\r\n\r\n").entry("ops") != nil)
    }
}
