import Glibc
import NIOCore
import Patchbay
import PatchbayCore
import PatchbayIO
import PatchbayRelayServer
import Synchronization
import Testing

@testable import PatchbayRelay

@Suite("A relay that comes and goes", .timeLimit(.minutes(5)))
struct RelayRestartTests {
    private static let key = "0123456789abcdef0123456789abcdef"

    private func withListeners(_ urls: [String], _ body: () async throws -> Void) async throws {
        var listeners: [Listener] = []
        for url in urls { listeners.append(try await Listener.bind(ConnectionURL(url))) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for listener in listeners {
                group.addTask {
                    try await listener.run { connection in
                        while let message = try await connection.receiveBytes() { try await connection.send(bytes: message) }
                    }
                }
            }
            defer { for listener in listeners { listener.stop(drain: .seconds(5)) } }
            try await body()
        }
    }

    private func roundTrip(_ url: String) async throws {
        try await withConnection(to: ConnectionURL(url)) { connection in
            let message = ByteBuffer(string: url)
            try await connection.send(bytes: message)
            #expect(try await connection.receiveBytes(timeout: .seconds(20)) == message)
        }
    }

    private func url(_ target: String, _ name: String, _ more: String = "") -> String {
        "noise+relay://:\(Self.key)@\(target)/\(name)?timeout=40s&handshake-timeout=40s\(more)"
    }

    @Test("200 listeners are all back after it was killed, and can be dialled")
    func restart() async throws {
        let names = (0..<200).map { "worker-\($0)" }
        let first = try await Relay.bind("tcp://127.0.0.1:0", registry: .standard, access: nil)
        let target = first.boundTarget
        let running = Task { await first.run() }
        try await withListeners(names.map { url(target, $0) }) {
            #expect(first.figures.registrations == 200)
            running.cancel()
            _ = await running.result
            let again = "tcp://" + target
            try await withRelay(ConnectionURL(again), registry: .standard) { relay in
                let clock = ContinuousClock()
                let start = clock.now
                while relay.figures.registrations < 200, clock.now - start < .seconds(60) { await Task.yield() }
                #expect(relay.figures.registrations == 200)
                for name in names { try await roundTrip(url(target, name)) }
            }
        }
    }

    @Test("the waits before each attempt are random, double, and end at 30 s")
    func backOff() {
        var generator = SystemRandomNumberGenerator()
        var waits: [[Duration]] = []
        for _ in 0..<500 {
            var backOff = RelayBackOff()
            waits.append((0..<14).map { _ in backOff.next(using: &generator) })
        }
        let limits = [100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000, 30_000, 30_000]
        for (step, limit) in limits.enumerated() {
            let column = waits.map { $0[step] }
            #expect(column.allSatisfy { $0 <= .milliseconds(limit) && $0 >= .milliseconds(step == 0 ? 0 : limit / 2) })
            // Of 500 in so many milliseconds, no quarter has more than half.
            let lower = step == 0 ? 0.0 : Double(limit) / 2
            let quarters = column.map { min(3, Int(($0 / .milliseconds(1) - lower) / (Double(limit) - lower) * 4)) }
            for quarter in 0..<4 { #expect(quarters.count { $0 == quarter } < 250) }
        }
    }

    @Test("while it drains open pipes go on to their end, and whoever comes is told")
    func drain() async throws {
        let relay = try await Relay.bind("tcp://127.0.0.1:0", registry: .standard, access: nil)
        let running = Task { await relay.run() }
        let address = url(relay.boundTarget, "worker")
        let listener = try await Listener.bind(ConnectionURL(address))
        async let accepting = listener.accept()
        let dialed = try await Connection.connect(to: ConnectionURL(address))
        let accepted = try await accepting
        relay.drain()
        do {
            _ = try await Connection.connect(to: ConnectionURL(address))
            Issue.record("a call to a relay that goes down was taken")
        } catch let error as PatchbayError {
            #expect(error.code == .relayDown)
        }
        #expect(relay.figures.isDraining)
        for size in [1, 70_000, 3 << 20] {
            let message = ByteBuffer(repeating: 3, count: size)
            async let sending: Void = dialed.send(bytes: message)
            #expect(try await accepted.receiveBytes(timeout: .seconds(20)) == message)
            try await sending
        }
        async let closing: Void = dialed.close()
        #expect(try await accepted.receiveBytes(timeout: .seconds(20)) == nil)
        await accepted.close()
        await closing
        // Once the last pipe is over, so is the relay.
        _ = await running.result
        listener.close()
    }

    @Test("a name that is at one of three relays moves to another when that one goes, and is found there")
    func several() async throws {
        var relays: [(relay: Relay, running: Task<Void, Never>)] = []
        for _ in 0..<3 {
            let relay = try await Relay.bind("tcp://127.0.0.1:0", registry: .standard, access: nil)
            relays.append((relay, Task { await relay.run() }))
        }
        defer { for each in relays { each.running.cancel() } }
        let targets = relays.map(\.relay.boundTarget)
        // Each end may name them in another order.
        let listening = url(targets[0], "worker", "&also=\(targets[1])&also=\(targets[2])")
        let dialing = url(targets[2], "worker", "&also=\(targets[0])&also=\(targets[1])")
        try await withListeners([listening]) {
            try await roundTrip(dialing)
            let home = try #require(relays.firstIndex { $0.relay.figures.registrations == 1 })
            relays[home].running.cancel()
            _ = await relays[home].running.result
            // It may take the listener a moment to notice.
            while !relays.enumerated().contains(where: { $0.offset != home && $0.element.relay.figures.registrations == 1 }) {
                await Task.yield()
            }
            try await roundTrip(dialing)
        }
    }

    @Test("the order of relays depends on the name, and not on how they are written down")
    func ranking() {
        let ways = (0..<5).map { RelayWay.tcp(host: "relay-\($0)", port: 7000) }
        var firsts: [String: Int] = [:]
        for number in 0..<1000 {
            let name = "worker-\(number)"
            let ranked = ways.ranked(for: name).map(\.shown)
            #expect(ways.reversed().ranked(for: name).map(\.shown) == ranked)
            firsts[ranked[0], default: 0] += 1
            // One that is gone moves no other name.
            let fewer = ways.filter { $0.shown != ranked[4] }.ranked(for: name).map(\.shown)
            #expect(fewer == Array(ranked.dropLast()))
        }
        for way in ways { #expect((120...280).contains(firsts[way.shown] ?? 0), "\(firsts)") }
    }

    @Test("a relay is reached through another transport")
    func carrier() async throws {
        let path = "/tmp/patchbay-relay-\(getpid()).sock"
        try await withRelay(ConnectionURL("unix://\(path: path)"), registry: .standard) { relay in
            let address = "noise+relay://:\(Self.key)@/worker?via=unix%3A%2F%2F\(path)"
            let shown = try Registry.standard.resolve(ConnectionURL(address), for: .dialer).redactedURL
            #expect(shown.contains("via=unix"))
            try await withListeners([address]) {
                #expect(relay.figures.names == 1 && relay.figures.registrations == 1)
                try await roundTrip(address)
            }
            // And is left by it in order.
            while relay.figures.names > 0 { await Task.yield() }
        }
        for (via, column) in [
            ("json%2Btcp%3A%2F%2Fh%3A1", true), ("relay%3A%2F%2Fh%3A1%2Fx%3Finsecure", true), ("nonsense%3A%2F%2Fx", true),
        ] {
            do {
                _ = try Registry.standard.resolve(ConnectionURL("noise+relay:///worker?key=0123456789abcdef&via=\(via)"), for: .dialer)
                Issue.record("\(via) was taken")
            } catch let error as PatchbayError {
                #expect((error.column != nil) == column, "\(error)")
                #expect(error.message.contains("via"))
            }
        }
    }
}
