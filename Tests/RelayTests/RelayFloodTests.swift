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

    /// A pair that talks; `body` gets the count of its round trips so far, which throws once the pair has failed.
    private func withGoodPair(_ relay: Relay, _ body: (@escaping @Sendable () throws -> Int) async throws -> Void) async throws {
        let trips = Shared(0)
        let hasFailed = Shared(false)
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
                defer { listener.stop(drain: .seconds(5)) }
                do {
                    try await withConnection(to: dialed) { connection in
                        let message = ByteBuffer(string: "still there?")
                        while !stop.value {
                            try await connection.send(bytes: message)
                            #expect(try await connection.receiveBytes(timeout: .seconds(20)) == message)
                            trips.withLock { $0 += 1 }
                        }
                    }
                } catch {
                    hasFailed.withLock { $0 = true }
                    throw error
                }
            }
            while trips.value == 0, !hasFailed.value { await Task.yield() }
            do {
                try await body {
                    if hasFailed.value { throw PatchbayError(.closed, "the good pair failed", stage: .receive) }
                    return trips.value
                }
            } catch {
                stop.withLock { $0 = true }
                // The pair's own error tells more.
                try await group.waitForAll()
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
                let before = try trips()
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
                let during = try trips() - before
                #expect(during > 500, "\(during) round trips")
                #expect(relay.figures.names == 1)
                #expect(relay.figures.calls == 1)
            }
        }
    }

    /// One that has been told the challenge, so that it is counted, and says nothing.
    private func silent(_ relay: Relay) async throws -> RawClient {
        let client = try await RawClient(relay)
        let start = try await client.stream.receive(exactly: 7)
        #expect(start.starts(with: RelayOpening.preface))
        _ = try await client.stream.receive(exactly: start.suffix(2).reduce(0) { $0 << 8 | Int($1) })
        return client
    }

    @Test("of those that say nothing the oldest gives way to one too many, and keeps nobody out")
    func givingWay() async throws {
        var limits = RelayLimits()
        limits.undecided = 32
        // Longer than the test may take: who ends has given way.
        limits.decision = .seconds(3600)
        try await withRelay(limits: limits, registry: .standard) { relay in
            // One behind the other, so that the first is the oldest.
            var silent: [RawClient] = []
            for _ in 0..<32 { silent.append(try await self.silent(relay)) }
            #expect(relay.figures.undecided == 32)
            let late = try await RawClient(relay)
            let error = await #expect(throws: PatchbayError.self) { _ = try await late.open(.dial(name: "nobody")) }
            #expect(error?.code == .noSuchName)
            let last = (try? await silent[0].stream.receiveAll()) ?? []
            #expect(last.isEmpty || String(decoding: last, as: UTF8.self).contains("relay-full"))
            while relay.figures.undecided != 31 { await Task.yield() }
            for client in silent { client.stream.close(abort: true) }
            while relay.figures.undecided > 0 { await Task.yield() }
        }
    }

    @Test("those that say nothing, or a byte at a time, have their time")
    func undecided() async throws {
        var limits = RelayLimits()
        // For the good pair as well.
        limits.decision = .seconds(3)
        try await withRelay(limits: limits, registry: .standard) { relay in
            try await withGoodPair(relay) { trips in
                let before = try trips()
                var silent: [RawClient] = []
                for _ in 0..<32 { silent.append(try await self.silent(relay)) }
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
                let after = try trips()
                #expect(after > before)
                while relay.figures.undecided > 0 { await Task.yield() }
                #expect(relay.figures.calls == 1)
            }
        }
    }

    @Test("a call that its listener does not take ends by the relay's limit, and one that nobody made is none")
    func deaf() async throws {
        var limits = RelayLimits()
        // For the good pair's own call as well.
        limits.answer = .seconds(3)
        try await withRelay(limits: limits, registry: .standard) { relay in
            try await withGoodPair(relay) { _ in
                let deaf = try await RawClient.listener(relay, "deaf")
                let caller = try await RawClient(relay)
                let error = await #expect(throws: PatchbayError.self) { _ = try await caller.open(.dial(name: "deaf")) }
                #expect(error?.code == .nameAway)
                #expect(relay.figures.calls == 1)
                let unknown = try await RawClient(relay)
                do {
                    _ = try await unknown.open(.accept(circuit: [UInt8](repeating: 9, count: 16)))
                    Issue.record("a call that nobody made was accepted")
                } catch let error as PatchbayError {
                    #expect(error.code == .noSuchName)
                }
                deaf.stream.close(abort: true)
                while relay.figures.registrations > 1 { await Task.yield() }
            }
        }
    }

    @Test("a listener that only pings, or answers what nobody asked, is cut off", arguments: ["ping", "pong"])
    func chatter(kind: String) async throws {
        let message: RelayMessage = kind == "ping" ? .ping : .pong
        var frames = ByteBuffer()
        for _ in 0..<10_000 { try message.write(into: &frames) }
        try await withRelay(registry: .standard) { relay in
            let chatter = try await RawClient.listener(relay, "chatter")
            #expect(relay.figures.registrations == 1)
            do { while true { try await chatter.exchange.send(frames) } } catch let error as PatchbayError {
                #expect(error.code == .reset, "\(error)")
            }
            while relay.figures.registrations > 0 { await Task.yield() }
        }
    }

    @Test("a slow reader stalls its own pipe, and no other")
    func slowReader() async throws {
        try await withRelay(registry: .standard) { relay in
            try await withGoodPair(relay) { trips in
                let slow = try await Listener.bind(try url(relay, "slow"))
                async let accepting = slow.accept()
                let dialed = try await Connection.connect(to: try url(relay, "slow", "&close-timeout=100ms"))
                let accepted = try await accepting
                let sent = Shared(0)
                let isOver = Shared(false)
                let count = 1024
                let message = ByteBuffer(repeating: 1, count: 1 << 16)
                let sending = Task {
                    defer { isOver.withLock { $0 = true } }
                    for _ in 0..<count {
                        try await dialed.send(bytes: message)
                        sent.withLock { $0 += 1 }
                    }
                }
                // Stalled once it began and nothing more is taken while the other pair goes round so often.
                var last = 0
                while last == 0 || sent.value != last, !isOver.value {
                    last = sent.value
                    let before = try trips()
                    while try trips() < before + 200 { await Task.yield() }
                }
                #expect(last > 0 && last < count)
                // And goes on where it stood, with all of it.
                for _ in 0..<count { #expect(try await accepted.receiveBytes(timeout: .seconds(20)) == message) }
                try await sending.value
                dialed.abort()
                accepted.abort()
                slow.close()
            }
        }
    }
}
