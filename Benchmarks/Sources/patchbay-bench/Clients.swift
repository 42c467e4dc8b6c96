internal import Glibc
internal import NIOCore
internal import Patchbay

struct UnexpectedAnswer: Error {
    var bytes: Int?
}

private let clock = ContinuousClock()
private let smallMessageBytes = 64
private let warmUpConnections = 64

private func makeMessage(_ size: Int, _ request: UInt8) -> ByteBuffer {
    var message = ByteBuffer(repeating: UInt8(ascii: "x"), count: max(size, 1))
    message.setInteger(request, at: 0)
    return message
}

private func roundTrip(_ connection: Connection, _ message: ByteBuffer) async throws {
    try await connection.send(bytes: message)
    let answer = try await connection.receiveBytes()
    guard answer?.readableBytes == message.readableBytes else { throw UnexpectedAnswer(bytes: answer?.readableBytes) }
}

/// The clock that the C peer reads, at the same price.
private func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// A closed loop: the next message leaves when the echo of the last is there.
func measureLatency(_ url: ConnectionURL, size: Int, for duration: Duration) async throws {
    let message = makeMessage(size, Request.echo)
    try await withConnection(to: url) { connection in
        let warm = clock.now + duration / 4
        repeat { try await roundTrip(connection, message) } while clock.now < warm

        var samples: [UInt64] = []
        samples.reserveCapacity(1 << 20)
        var before = nanoseconds()
        let end = before + UInt64(duration / .nanoseconds(1))
        while before < end {
            before = nanoseconds()
            try await roundTrip(connection, message)
            samples.append(nanoseconds() - before)
        }
        samples.sort()
        let count = samples.count
        let percentiles = [50, 90, 99].map { "p\($0)_us=\(Double(samples[count * $0 / 100]) / 1e3)" }
        print(percentiles.joined(separator: " "), "count=\(count)")
    }
}

/// Sends for so long, then asks for an answer: the clock stops when the server has read everything.
func measureOneWay(_ url: ConnectionURL, size: Int, for duration: Duration) async throws {
    let message = makeMessage(size, Request.sink)
    let finish = makeMessage(1, Request.finish)
    let clockInterval = size > 4096 ? 1 : 64
    try await withConnection(to: url) { connection in
        for (phase, isWarmUp) in [(duration / 4, true), (duration, false)] {
            var count = 0
            let start = clock.now
            repeat {
                for _ in 0..<clockInterval { try await connection.send(bytes: message) }
                count += clockInterval
            } while clock.now < start + phase
            try await roundTrip(connection, finish)
            let seconds = (clock.now - start) / .seconds(1)
            guard !isWarmUp else { continue }
            let rate = Double(count) / seconds
            print("messages_per_second=\(Int(rate)) bytes_per_second=\(Int(rate * Double(size))) count=\(count) seconds=\(seconds)")
        }
    }
}

/// Connect, one round trip, close, again and again.
func measureConnect(_ url: ConnectionURL, for duration: Duration) async throws {
    let message = makeMessage(smallMessageBytes, Request.echo)
    for (phase, isWarmUp) in [(duration / 4, true), (duration, false)] {
        var count = 0
        let start = clock.now
        // On a reactor, as a program that makes many short connections would.
        try await ReactorGroup.shared.run {
            repeat {
                try await withConnection(to: url) { try await roundTrip($0, message) }
                count += 1
            } while clock.now < start + phase
        }
        let seconds = (clock.now - start) / .seconds(1)
        guard !isWarmUp else { continue }
        print("connections_per_second=\(Int(Double(count) / seconds)) count=\(count) seconds=\(seconds)")
    }
}

/// What open connections cost the server process.
///
/// Some come before the first reading, so that what the server sets up only once is not counted.
func measureIdle(_ url: ConnectionURL, connections: Int, process: Int) async throws {
    try await holding(warmUpConnections, to: url) {
        let before = try await settledResidentBytes(of: process)
        try await holding(connections, to: url) {
            let after = try await settledResidentBytes(of: process)
            print("bytes_per_connection=\((after - before) / connections) count=\(connections) before_bytes=\(before) after_bytes=\(after)")
        }
    }
}

/// Calls `body` while so many connections are open, each after one round trip.
private func holding(_ count: Int, to url: ConnectionURL, _ body: () async throws -> Void) async throws {
    guard count > 0 else { return try await body() }
    try await withConnection(to: url) { connection in
        try await roundTrip(connection, makeMessage(smallMessageBytes, Request.echo))
        try await holding(count - 1, to: url, body)
    }
}
