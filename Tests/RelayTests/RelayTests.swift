import NIOCore
import Patchbay
import PatchbayCore
import PatchbayRelay
import PatchbayRelayServer
import Testing

@Suite("Through a relay", .timeLimit(.minutes(2)))
struct RelayTests {
    private static let key = "0123456789abcdef0123456789abcdef"
    private static let opsKey = "ops-ops-ops-ops-ops-ops"

    /// A listener that echoes, for one test.
    private func withEcho(_ url: String, _ body: (Listener) async throws -> Void) async throws {
        let listener = try await Listener.bind(ConnectionURL(url))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.run { connection in
                    while let message = try await connection.receiveBytes() { try await connection.send(bytes: message) }
                }
            }
            try await body(listener)
            listener.stop(drain: .seconds(5))
            try await group.waitForAll()
        }
    }

    private func roundTrip(_ url: String) async throws {
        try await withConnection(to: ConnectionURL(url)) { connection in
            for size in [0, 5, 16_384, 100_000, 2 << 20] {
                let message = ByteBuffer(repeating: UInt8(truncatingIfNeeded: size), count: size)
                try await connection.send(bytes: message)
                #expect(try await connection.receiveBytes(timeout: .seconds(20)) == message)
            }
        }
    }

    private func code(_ body: () async throws -> Void) async -> PatchbayError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? PatchbayError)?.code
        }
    }

    @Test("a dialer reaches a listener by name, many times, and the ends agree on their circuit")
    func names() async throws {
        try await withRelay(registry: .standard) { relay in
            let url = "noise+relay://:\(Self.key)@\(relay.boundTarget)/worker"
            try await withEcho(url) { _ in
                for _ in 0..<5 { try await roundTrip(url) }
                #expect(relay.figures.registrations == 1)
            }
            // Its listener gave the name back, so that it is not said to be away.
            while relay.figures.names > 0 { await Task.yield() }
        }
    }

    @Test("a listener that is closed as soon as it is bound gives its name back, for another to have")
    func bindAndClose() async throws {
        try await withRelay(registry: .standard) { relay in
            let url = "noise+relay://:\(Self.key)@\(relay.boundTarget)/worker"
            let clock = ContinuousClock()
            for _ in 0..<20 {
                try await Listener.bind(ConnectionURL(url)).close()
                // Sooner than the relay would miss it.
                let start = clock.now
                while relay.figures.registrations > 0, clock.now - start < .seconds(20) { await Task.yield() }
                #expect(relay.figures.registrations == 0)
            }
        }
    }

    @Test("each kind of failure has a code of its own")
    func failures() async throws {
        let access = "ops listen,dial worker \(Self.opsKey)\nguest dial * guest-guest-guest-guest\n"
        try await withRelay(access: access, registry: .standard) { relay in
            func url(_ name: String, _ options: String, key: String = Self.key) -> String {
                "noise+relay://:\(key)@\(relay.boundTarget)/\(name)" + (options.isEmpty ? "" : "?\(options)")
            }
            let ops = "access-id=ops&access-key=\(Self.opsKey)"
            let guest = "access-id=guest&access-key=guest-guest-guest-guest"
            try await withEcho(url("worker", ops)) { _ in
                try await roundTrip(url("worker", ops))
                try await roundTrip(url("worker", guest))
                func failing(_ text: String) async -> PatchbayError.Code? {
                    await code { _ = try await Connection.connect(to: ConnectionURL(text)) }
                }
                #expect(await failing(url("nobody", guest)) == .noSuchName)
                #expect(await failing(url("nobody", ops)) == .permissionDenied)
                #expect(await failing(url("worker", "")) == .permissionDenied)
                #expect(await failing(url("worker", "access-id=ops&access-key=another-another-another")) == .authenticationFailed)
                #expect(await failing(url("worker", "access-id=ops2&access-key=\(Self.opsKey)")) == .authenticationFailed)
                #expect(await failing(url("worker", ops, key: String(Self.key.reversed()))) == .authenticationFailed)
                let second = url("worker", ops)
                #expect(await code { _ = try await Listener.bind(ConnectionURL(second)) } == .nameTaken)
                let foreign = url("worker", guest)
                #expect(await code { _ = try await Listener.bind(ConnectionURL(foreign)) } == .permissionDenied)
            }
        }
        #expect(await code { _ = try await Connection.connect(to: "noise+relay://:0123456789abcdef@127.0.0.1:1/worker") } == .relayDown)
    }

    @Test("what is not encrypted does not pass a relay, unless the URL says so")
    func plain() async throws {
        #expect(await code { _ = try await Connection.connect(to: "relay://127.0.0.1:1/worker") } == .insecure)
        #expect(await code { _ = try await Connection.connect(to: "hmac+relay://:0123456789abcdef@127.0.0.1:1/worker") } == .insecure)
        try await withRelay(registry: .standard) { relay in
            let url = "relay://\(relay.boundTarget)/worker?insecure"
            try await withEcho(url) { _ in try await roundTrip(url) }
        }
    }
}
