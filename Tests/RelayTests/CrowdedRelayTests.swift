import Patchbay
import PatchbayCore
import PatchbayRelay
import PatchbayRelayServer
import Testing

@Suite("A relay that takes nobody", .timeLimit(.minutes(1)))
struct CrowdedRelayTests {
    @Test("whoever comes to a relay without room for a name or a call learns that it is full, not that it is none")
    func full() async throws {
        var limits = RelayLimits()
        limits.registrations = 1
        limits.circuits = 0
        try await withRelay(limits: limits, registry: .standard) { relay in
            func url(_ name: String) -> String { "noise+relay://:0123456789abcdef@\(relay.boundTarget)/\(name)" }
            let listener = try await Listener.bind(ConnectionURL(url("worker")))
            defer { listener.close() }
            let dialled = await #expect(throws: PatchbayError.self) {
                _ = try await Connection.connect(to: ConnectionURL(url("worker")))
            }
            #expect(dialled?.code == .relayFull)
            let bound = await #expect(throws: PatchbayError.self) { _ = try await Listener.bind(ConnectionURL(url("another"))) }
            #expect(bound?.code == .relayFull)
        }
    }
}
