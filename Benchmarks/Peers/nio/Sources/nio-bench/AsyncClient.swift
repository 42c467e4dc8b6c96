internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// Tasks that write and await. What measures the server alone, and not the client's style, is left to the handlers.
struct AsyncClient: Client {
    let endpoint: Endpoint

    typealias Messages = NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
    typealias Writer = NIOAsyncChannelOutboundWriter<ByteBuffer>

    private func withConnection<Result: Sendable>(
        on loop: any EventLoop,
        unbounded: Bool = false,
        _ body: @Sendable (inout Messages, Writer) async throws -> Result
    ) async throws -> Result {
        let connection = try await endpoint.client(on: loop, unbounded: unbounded).connect(to: endpoint.address) { channel in
            channel.eventLoop.makeCompletedFuture { try wrap(channel) }
        }
        return try await connection.executeThenClose { messages, writer in
            var iterator = messages.makeAsyncIterator()
            return try await body(&iterator, writer)
        }
    }

    func roundTrips(size: Int, for seconds: Double, window: Int) async throws -> Results {
        let message = makeMessage(size, Request.echo)
        // One task writes and reads: if it waited to write while the server did, both would wait for ever.
        return try await withConnection(on: endpoint.group.next(), unbounded: true) { messages, writer in
            let warm = nanoseconds() + UInt64(seconds * 1e9 / 4)
            let end = warm + UInt64(seconds * 1e9)
            var results = Results()
            var departures = [UInt64](repeating: nanoseconds(), count: window)
            try await writer.write(contentsOf: repeatElement(message, count: window))
            for number in 0... {
                guard try await messages.next()?.readableBytes == size else { throw UnexpectedAnswer() }
                let now = nanoseconds()
                results.total += 1
                guard now < end else { break }
                if now >= warm { results.latencies.add(now - departures[number % window]) }
                departures[number % window] = now
                try await writer.write(message)
            }
            results.count = results.latencies.count
            results.nanoseconds = end - warm
            return results
        }
    }

    func both(size: Int, for seconds: Double) async throws -> Results {
        try await roundTrips(size: size, for: seconds, window: bothWaysWindow(size))
    }

    func oneWay(size: Int, for seconds: Double) async throws -> Results {
        let message = makeMessage(size, Request.sink)
        let clockInterval = size > 4096 ? 1 : 64
        return try await withConnection(on: endpoint.group.next()) { messages, writer in
            var results = Results()
            for duration in [seconds / 4, seconds] {
                results.count = 0
                let start = nanoseconds()
                let end = start + UInt64(duration * 1e9)
                repeat {
                    for _ in 0..<clockInterval { try await writer.write(message) }
                    results.count += UInt64(clockInterval)
                } while nanoseconds() < end
                try await writer.write(makeMessage(1, Request.finish))
                guard try await messages.next()?.readableBytes == 1 else { throw UnexpectedAnswer() }
                results.nanoseconds = nanoseconds() - start
                results.total += results.count
            }
            return results
        }
    }

    /// What the tasks of all connections share. The clock starts when the last has connected.
    private final class Crowd: Sendable {
        let state: Mutex<(results: Results, connected: Int, warm: UInt64, end: UInt64)> =
            .init((Results(), 0, .max, .max))

        func join(of all: Int, seconds: Double) {
            state.withLock { state in
                state.connected += 1
                guard state.connected == all else { return }
                state.warm = nanoseconds() + UInt64(seconds * 1e9 / 4)
                state.end = state.warm + UInt64(seconds * 1e9)
            }
        }

        /// Whether to go on.
        func add(departure: UInt64) -> Bool {
            let now = nanoseconds()
            return state.withLock { state in
                state.results.total += 1
                if now >= state.warm, now < state.end { state.results.latencies.add(now - departure) }
                return now < state.end
            }
        }
    }

    func fanIn(connections: Int, for seconds: Double) async throws -> Results {
        let crowd = Crowd()
        let message = makeMessage(smallMessageBytes, Request.echo)
        let loop = endpoint.group.next()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<connections {
                group.addTask {
                    try await withConnection(on: loop) { messages, writer in
                        crowd.join(of: connections, seconds: seconds)
                        var departure: UInt64
                        repeat {
                            departure = nanoseconds()
                            try await writer.write(message)
                            guard try await messages.next()?.readableBytes == smallMessageBytes else { throw UnexpectedAnswer() }
                        } while crowd.add(departure: departure)
                    }
                }
            }
            try await group.waitForAll()
        }
        return crowd.state.withLock { state in
            var results = state.results
            results.count = results.latencies.count
            results.nanoseconds = state.end - state.warm
            return results
        }
    }

    func connect(for seconds: Double) async throws -> Results {
        let message = makeMessage(smallMessageBytes, Request.echo)
        let loop = endpoint.group.next()
        var results = Results()
        for duration in [seconds / 4, seconds] {
            results.count = 0
            let start = nanoseconds()
            let end = start + UInt64(duration * 1e9)
            repeat {
                try await withConnection(on: loop) { messages, writer in
                    try await writer.write(message)
                    guard try await messages.next()?.readableBytes == smallMessageBytes else { throw UnexpectedAnswer() }
                }
                results.count += 1
            } while nanoseconds() < end
            results.nanoseconds = nanoseconds() - start
            results.total += results.count
        }
        return results
    }

    func openLoop(rate: Double, size: Int, for seconds: Double) async throws -> Results {
        fail("nio-bench: openloop is left out for async channels: a task's sleep is too coarse for a schedule")
    }

    func holding(_ count: Int, _ body: () async throws -> Int) async throws -> Int {
        try await HandlersClient(endpoint: endpoint).holding(count, body)
    }
}
