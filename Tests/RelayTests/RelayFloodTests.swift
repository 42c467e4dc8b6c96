import NIOCore
import Patchbay
import PatchbayCore
import PatchbayIO
import PatchbayRelay
import PatchbayRelayServer
import PatchbayTesting
import Synchronization
import Testing

@Suite("A relay under load", .timeLimit(.minutes(5)))
struct RelayFloodTests {
    private static let key = "0123456789abcdef0123456789abcdef"

    private func url(_ relay: Relay, _ name: String, _ options: String = "") throws -> ConnectionURL {
        try ConnectionURL("noise+relay://:\(Self.key)@\(relay.boundTarget)/\(name)?timeout=40s&handshake-timeout=40s" + options)
    }

    /// A pair that talks; `body` gets the count of its round trips so far.
    private func withGoodPair(_ relay: Relay, _ body: (@escaping @Sendable () -> Int) async throws -> Void) async throws {
        let trips = Shared(0)
        let listener = try await Listener.bind(try url(relay, "good"))
        let stop = Shared(false)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await listener.run { connection in
                    while let message = try await connection.receiveBytes() { try await connection.send(bytes: message) }
                }
            }
            let dialed = try url(relay, "good")
            group.addTask {
                try await withConnection(to: dialed) { connection in
                    let message = ByteBuffer(string: "still there?")
                    while !stop.value {
                        try await connection.send(bytes: message)
                        #expect(try await connection.receiveBytes(timeout: .seconds(20)) == message)
                        trips.withLock { $0 += 1 }
                    }
                }
                listener.stop(drain: .seconds(5))
            }
            do { try await body { trips.value } } catch {
                stop.withLock { $0 = true }
                throw error
            }
            stop.withLock { $0 = true }
            try await group.waitForAll()
        }
    }

    @Test("10,000 dials to names that are not there are refused, and a pair goes on talking")
    func absent() async throws {
        try await withRelay(registry: .standard) { relay in
            try await withGoodPair(relay) { trips in
                let before = trips()
                let refused = Shared(0)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for worker in 0..<40 {
                        group.addTask {
                            for number in 0..<250 {
                                let client = try await RawClient(relay)
                                defer { client.stream.close(abort: true) }
                                do {
                                    _ = try await client.open(.dial(name: "nobody-\(worker)-\(number)"))
                                } catch let error as PatchbayError where error.code == .noSuchName {
                                    refused.withLock { $0 += 1 }
                                }
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(refused.value == 10_000)
                let during = trips() - before
                #expect(during > 500, "\(during) round trips")
                #expect(relay.figures.names == 1)
                #expect(relay.figures.calls == 1)
            }
        }
    }

    @Test("those that say nothing, or a byte at a time, have their time and their number")
    func undecided() async throws {
        var limits = RelayLimits()
        limits.undecided = 32
        limits.decision = .milliseconds(500)
        try await withRelay(limits: limits, registry: .standard) { relay in
            try await withGoodPair(relay) { trips in
                var silent: [RawClient] = []
                for _ in 0..<32 { silent.append(try await RawClient(relay)) }
                // Each was told the challenge: it is counted by then.
                for client in silent { _ = try await client.stream.receive(exactly: 7) }
                let late = try await RawClient(relay)
                var wire = ByteBuffer()
                if case .failure(let code, _) = try await late.exchange.receiveMessage(&wire).message {
                    #expect(code == .relayFull)
                } else {
                    Issue.record("one too many was not refused")
                }
                let before = trips()
                await withTaskGroup(of: Void.self) { group in
                    for (index, client) in silent.enumerated() {
                        group.addTask {
                            // A byte of a preface whenever the relay could take one, which does not buy more time.
                            if index.isMultiple(of: 2) { for byte in RelayOpening.preface { try? await client.stream.send([byte]) } }
                            // Until the relay has closed it.
                            _ = try? await client.stream.receiveAll()
                        }
                    }
                }
                #expect(trips() > before)
                #expect(relay.figures.undecided == 0)
                #expect(relay.figures.calls == 1)
            }
        }
    }

    @Test("a listener that takes no calls, and one that reads nothing, end by the relay's limits")
    func deaf() async throws {
        var limits = RelayLimits()
        limits.answer = .milliseconds(300)
        try await withRelay(limits: limits, registry: .standard) { relay in
            try await withGoodPair(relay) { _ in
                let deaf = try await RawClient.listener(relay, "deaf")
                let caller = try await RawClient(relay)
                await #expect(throws: PatchbayError.self) { _ = try await caller.open(.dial(name: "deaf")) }
                #expect(relay.figures.calls == 1)
                let unknown = try await RawClient(relay)
                do {
                    _ = try await unknown.open(.accept(circuit: [UInt8](repeating: 9, count: 16)))
                    Issue.record("a call that nobody made was accepted")
                } catch let error as PatchbayError {
                    #expect(error.code == .noSuchName)
                }
                // Pings without end, whose answers nobody reads.
                var pings = ByteBuffer()
                for _ in 0..<10_000 { try RelayMessage.ping.write(into: &pings) }
                do { while true { try await deaf.exchange.send(pings) } } catch let error as PatchbayError {
                    #expect(error.code == .reset, "\(error)")
                }
                while relay.figures.registrations > 1 { await Task.yield() }
            }
        }
    }

    @Test("a slow reader stalls its own pipe, and no other")
    func slowReader() async throws {
        try await withRelay(registry: .standard) { relay in
            try await withGoodPair(relay) { trips in
                let slow = try await Listener.bind(try url(relay, "slow"))
                let dialed = try await Connection.connect(to: try url(relay, "slow", "&close-timeout=100ms"))
                let accepted = try await slow.accept()
                let sent = Shared(0)
                let message = ByteBuffer(repeating: 1, count: 1 << 20)
                let sending = Task {
                    for _ in 0..<64 {
                        try await dialed.send(bytes: message)
                        sent.withLock { $0 += 1 }
                    }
                }
                // Stalled once nothing more is taken while the other pair goes round so often.
                var last = -1
                while sent.value != last {
                    last = sent.value
                    let before = trips()
                    while trips() < before + 200 { await Task.yield() }
                }
                #expect(last < 64)
                // And goes on where it stood, with all of it.
                for _ in 0..<64 { #expect(try await accepted.receiveBytes(timeout: .seconds(20)) == message) }
                try await sending.value
                dialed.abort()
                accepted.abort()
                slow.close()
            }
        }
    }
}
