internal import Glibc
internal import NIOCore

enum PipeMode: String {
    case latency, oneway
}

/// The modes of the other peers, between two tasks. The first byte of a message says what the far end does.
struct PipeMeasurement {
    let mode: PipeMode
    let bytes: Int
    let seconds: Double

    func run<End: PipeEnd>(_ near: End, _ far: End) async throws {
        async let served: Void = Self.serve(far)
        switch mode {
        case .latency: try await measureLatency(near)
        case .oneway: try await measureOneWay(near)
        }
        try await near.send(message(UInt8(ascii: "Q"), 1))
        try await served
    }

    private static func serve<End: PipeEnd>(_ end: End) async throws {
        try await end.receive { message in
            switch message.getInteger(at: message.readerIndex, as: UInt8.self) {
            case UInt8(ascii: "E"): try await end.send(message)
            case UInt8(ascii: "S"): break
            case UInt8(ascii: "Q"): return false
            default: try await end.send(ByteBuffer(string: "A"))
            }
            return true
        }
    }

    private func message(_ kind: UInt8, _ size: Int) -> ByteBuffer {
        var message = ByteBuffer(repeating: UInt8(ascii: "x"), count: size)
        message.setInteger(kind, at: 0)
        return message
    }

    private func roundTrip<End: PipeEnd>(_ end: End, _ message: ByteBuffer) async throws {
        try await end.send(message)
        try await end.receive { _ in false }
    }

    private func measureLatency<End: PipeEnd>(_ end: End) async throws {
        let message = message(UInt8(ascii: "E"), bytes)
        var samples: [UInt64] = []
        var total = 0
        for phase in [seconds / 4, seconds] {
            samples.removeAll(keepingCapacity: true)
            var before = nanoseconds()
            let finish = before + UInt64(phase * 1e9)
            while before < finish {
                before = nanoseconds()
                try await roundTrip(end, message)
                samples.append(nanoseconds() - before)
            }
            total += samples.count
        }
        samples.sort()
        let figures = [("p50", 500), ("p90", 900), ("p99", 990), ("p999", 999)].map {
            "\($0.0)_us=\(Double(samples[samples.count * $0.1 / 1000]) / 1e3)"
        }
        print(figures.joined(separator: " "), "count=\(samples.count) total=\(total)")
    }

    private func measureOneWay<End: PipeEnd>(_ end: End) async throws {
        let message = message(UInt8(ascii: "S"), bytes)
        let finish = self.message(UInt8(ascii: "F"), 1)
        var total = 0
        for (phase, isWarmUp) in [(seconds / 4, true), (seconds, false)] {
            var count = 0
            let start = nanoseconds()
            repeat {
                for _ in 0..<64 { try await end.send(message) }
                count += 64
            } while nanoseconds() < start + UInt64(phase * 1e9)
            try await roundTrip(end, finish)
            total += count + 1
            let elapsed = Double(nanoseconds() - start) / 1e9
            guard !isWarmUp else { continue }
            let rate = Double(count) / elapsed
            print(
                "messages_per_second=\(Int(rate)) bytes_per_second=\(Int(rate * Double(bytes))) count=\(count) seconds=\(elapsed) total=\(total)"
            )
        }
    }
}

private func nanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
