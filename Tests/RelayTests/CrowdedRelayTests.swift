import Patchbay
import PatchbayCore
import PatchbayRelay
import PatchbayRelayServer
import Testing

@Suite("A relay that takes nobody", .timeLimit(.minutes(1)))
struct CrowdedRelayTests {
    @Test("whoever comes to a relay without room for a connection learns that it is full, not that it is none")
    func full() async throws {
        var limits = RelayLimits()
        limits.undecided = 0
        let relay = try await Relay.bind("tcp://127.0.0.1:0", registry: .standard, access: nil, limits: limits)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run() }
            let url = "noise+relay://:0123456789abcdef@\(relay.boundTarget)/worker"
            for dials in [true, false] {
                let error = await #expect(throws: PatchbayError.self) {
                    if dials {
                        _ = try await Connection.connect(to: ConnectionURL(url))
                    } else {
                        _ = try await Listener.bind(ConnectionURL(url))
                    }
                }
                #expect(error?.code == .relayFull)
            }
            group.cancelAll()
        }
    }
}
