import Logging
import NIOCore
import Patchbay
import PatchbayRelay
import ServiceLifecycle
import Testing

@testable import PatchbayRelayServer

@Suite("A relay as a service", .timeLimit(.minutes(2)))
struct RelayServiceTests {
    private static let key = "0123456789abcdef0123456789abcdef"
    private static let opsKey = "ops-ops-ops-ops-ops-ops"
    private static let other = "another-another-another"

    private func url(_ relay: Relay, _ name: String, _ options: String = "") -> String {
        "noise+relay://:\(Self.key)@\(relay.boundTarget)/\(name)" + (options.isEmpty ? "" : "?\(options)")
    }

    /// A listener that echoes, for one test.
    private func withEcho(_ url: String, _ body: () async throws -> Void) async throws {
        let listener = try await Listener.bind(ConnectionURL(url))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                // A listener whose key is withdrawn ends with that.
                try? await listener.run { connection in
                    while let message = try await connection.receiveBytes() { try await connection.send(bytes: message) }
                }
            }
            try await body()
            listener.stop(drain: .seconds(5))
            try await group.waitForAll()
        }
    }

    private func echo(_ text: String, over connection: Connection) async throws {
        try await connection.send(bytes: ByteBuffer(string: text))
        #expect(try await connection.receiveBytes(timeout: .seconds(20)) == ByteBuffer(string: text))
    }

    private func code(_ body: () async throws -> Void) async -> PatchbayError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? PatchbayError)?.code
        }
    }

    /// Until something that other tasks do is done.
    private func until(_ condition: () -> Bool) async { while !condition() { await Task.yield() } }

    @Test(
        "a graceful shutdown drains: the open call goes on and ends in order, new ones are told that the relay is down, then the group ends"
    )
    func drain() async throws {
        let log = RecordedLog()
        let relay = try await Relay.bind("tcp://127.0.0.1:0", registry: .standard, access: nil, logger: log.logger)
        let group = ServiceGroup(
            services: [relay],
            gracefulShutdownSignals: [],
            logger: Logger(label: "group") { _ in SwiftLogNoOpLogHandler() }
        )
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await withEcho(url(relay, "worker")) {
                let connection = try await Connection.connect(to: ConnectionURL(url(relay, "worker")))
                try await echo("before", over: connection)
                await group.triggerGracefulShutdown()
                await until { relay.figures.isDraining }
                let text = url(relay, "worker")
                #expect(await code { _ = try await Connection.connect(to: ConnectionURL(text)) } == .relayDown)
                try await echo("while it drains", over: connection)
                #expect(relay.figures.calls == 1 && relay.status().isDraining)
                await connection.close()
                try await tasks.waitForAll()
            }
        }
        #expect(relay.figures.calls == 0)
        #expect(log.lines(with: "draining").count == 1 && log.lines(with: "draining").first?.contains("calls=1") == true)
        #expect(log.lines.last == "notice the relay has ended")
    }

    @Test("cancellation cuts the open call, and a dialer that waits for its listener, at once")
    func cancellation() async throws {
        let log = RecordedLog()
        var limits = RelayLimits()
        // Longer than the test may take: nothing but the end of the relay answers.
        limits.answer = .seconds(3600)
        let relay = try await Relay.bind("tcp://127.0.0.1:0", registry: .standard, access: nil, limits: limits, logger: log.logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run() }
            let silent = try await RawClient.listener(relay, "silent")
            let text = url(relay, "silent")
            async let dialled = code { _ = try await Connection.connect(to: ConnectionURL(text)) }
            await until { relay.figures.calls == 1 }
            group.cancelAll()
            #expect(await dialled == .relayDown)
            silent.stream.close(abort: true)
        }
        #expect(log.lines(with: "cuts what is open").count == 1)
    }

    @Test(
        "a key that is withdrawn or changed ends its registrations; its open call goes on, other keys keep what they have"
    )
    func reload() async throws {
        let log = RecordedLog()
        let ops = "ops listen,dial * \(Self.opsKey)\n"
        let relay = try await Relay.bind(
            "tcp://127.0.0.1:0",
            registry: .standard,
            access: ops + "other listen,dial * \(Self.other)\n",
            logger: log.logger
        )
        let opsOptions = "access-id=ops&access-key=\(Self.opsKey)"
        let otherOptions = "access-id=other&access-key=\(Self.other)"
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run() }
            try await withEcho(url(relay, "kept", otherOptions)) {
                let listener = try await Listener.bind(ConnectionURL(url(relay, "worker", opsOptions)))
                defer { listener.close() }
                let dialled = try ConnectionURL(url(relay, "worker", otherOptions))
                async let accepted = listener.accept()
                let connection = try await Connection.connect(to: dialled)
                let far = try await accepted
                try relay.reload(access: "other listen,dial * \(Self.other)\nops listen,dial * \(String(Self.opsKey.reversed()))\n")
                #expect(relay.figures.registrations == 1 && log.lines(with: "registrations-ended=1").count == 1)
                try await connection.send(bytes: ByteBuffer(string: "still here"))
                #expect(try await far.receiveBytes(timeout: .seconds(20)) == ByteBuffer(string: "still here"))
                await connection.close()
                await far.close()
                #expect(await code { _ = try await Connection.connect(to: dialled) } == .noSuchName)
                let kept = try await Connection.connect(to: ConnectionURL(url(relay, "kept", otherOptions)))
                try await echo("kept", over: kept)
                await kept.close()
                // A file with a mistake changes nothing.
                #expect(await code { try relay.reload(access: "other listen") } == .invalidArgument)
                let again = try await Connection.connect(to: ConnectionURL(url(relay, "kept", otherOptions)))
                await again.close()
            }
            group.cancelAll()
        }
    }

    @Test(
        "what happens is counted, and told once: registrations, a takeover, calls, bytes each way, refusals, dials, and how long calls lasted"
    )
    func metrics() async throws {
        let log = RecordedLog()
        let metrics = PrometheusMetrics(help: Relay.metricsHelp)
        let relay = try await Relay.bind("tcp://127.0.0.1:0", registry: .standard, access: nil, logger: log.logger, metrics: metrics)
        func sample(_ name: String) -> Double? {
            relay.measure()
            let line = metrics.page().split(separator: "\n").first { $0.hasPrefix(name + " ") }
            return line.flatMap { Double($0.dropFirst(name.count + 1)) }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run() }
            try await withEcho(url(relay, "worker")) {
                let connection = try await Connection.connect(to: ConnectionURL(url(relay, "worker")))
                let message = ByteBuffer(repeating: 7, count: 100_000)
                try await connection.send(bytes: message)
                #expect(try await connection.receiveBytes(timeout: .seconds(20)) == message)
                #expect(sample("patchbay_relay_calls_open") == 1 && sample("patchbay_relay_registrations") == 1)
                // While the call goes on, and more than the message: noise and the greeting pass too.
                let forth = try #require(sample("patchbay_relay_bytes_total{direction=\"to-listener\"}"))
                let back = try #require(sample("patchbay_relay_bytes_total{direction=\"to-dialer\"}"))
                #expect((100_000..<110_000).contains(forth) && (100_000..<110_000).contains(back))
                #expect(relay.status().bytesToListeners == UInt64(forth))
                let text = url(relay, "nobody")
                #expect(await code { _ = try await Connection.connect(to: ConnectionURL(text)) } == .noSuchName)
                let taken = url(relay, "worker", "generation=1")
                #expect(await code { try await Listener.bind(ConnectionURL(taken)).close() } == nil)
                await connection.close()
                await until { relay.figures.calls == 0 }
            }
            group.cancelAll()
        }
        #expect(sample("patchbay_relay_calls_total") == 1 && sample("patchbay_relay_calls_open") == 0)
        #expect(sample("patchbay_relay_call_duration_seconds_count") == 1)
        #expect(sample("patchbay_relay_dials_total{outcome=\"connected\"}") == 1)
        #expect(sample("patchbay_relay_dials_total{outcome=\"no-such-name\"}") == 1)
        #expect(sample("patchbay_relay_refusals_total{code=\"no-such-name\"}") == 1)
        #expect(sample("patchbay_relay_takeovers_total{by=\"higher-generation\"}") == 1)
        #expect(log.lines(with: "warning refused").count { $0.contains("code=no-such-name") } == 1)
        #expect(log.lines(with: "a listener registered").count == 1 && log.lines(with: "took a place over").count == 1)
        #expect(log.lines(with: Self.key).isEmpty)
    }

    @Test("a flood of refusals is counted whole, and fills no log")
    func flood() async throws {
        let log = RecordedLog()
        let relay = try await Relay.bind("tcp://127.0.0.1:0", registry: .standard, access: nil, logger: log.logger)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await relay.run() }
            for number in 0..<100 {
                let text = url(relay, "nobody-\(number)")
                #expect(await code { _ = try await Connection.connect(to: ConnectionURL(text)) } == .noSuchName)
            }
            group.cancelAll()
        }
        #expect(relay.status().refusals.map(\.count) == [100])
        // Ten in a window of ten seconds, whose turn may come in between.
        #expect((10...40).contains(log.lines(with: "warning refused").count))
    }
}
