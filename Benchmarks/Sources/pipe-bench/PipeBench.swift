internal import AsyncAlgorithms
internal import Glibc
internal import NIOCore
internal import Patchbay

/// Two tasks of one process: `Connection.pipe()` beside AsyncChannel, which hands over a reference and frames nothing.
///
///   pipe-bench patchbay|channel latency|oneway SIZE SECONDS reactor|global
@main
enum PipeBench {
    static func main() async {
        let arguments = Array(CommandLine.arguments.dropFirst())
        let numbers = arguments.dropFirst(2).prefix(2).compactMap(Double.init).filter { $0 > 0 && $0 < 1e9 }
        guard arguments.count == 5, numbers.count == 2, ["reactor", "global"].contains(arguments[4]),
            let mode = PipeMode(rawValue: arguments[1])
        else {
            fail("usage: pipe-bench patchbay|channel latency|oneway SIZE SECONDS reactor|global")
        }
        let measurement = PipeMeasurement(mode: mode, bytes: Int(numbers[0]), seconds: numbers[1])
        do {
            let isPatchbay = arguments[0] == "patchbay"
            if arguments[4] == "reactor" {
                try await ReactorGroup.shared.run { try await run(measurement, isPatchbay) }
            } else {
                try await onGlobalExecutor(measurement, isPatchbay)
            }
        } catch {
            fail("pipe-bench: \(error)")
        }
    }

    @concurrent private static func onGlobalExecutor(_ measurement: PipeMeasurement, _ isPatchbay: Bool) async throws {
        try await run(measurement, isPatchbay)
    }

    private static func run(_ measurement: PipeMeasurement, _ isPatchbay: Bool) async throws {
        if isPatchbay {
            let (near, far) = try Connection.pipe()
            try await measurement.run(ConnectionEnd(connection: near), ConnectionEnd(connection: far))
            await near.close()
        } else {
            let there = AsyncChannel<ByteBuffer>()
            let back = AsyncChannel<ByteBuffer>()
            try await measurement.run(ChannelEnd(sending: there, receiving: back), ChannelEnd(sending: back, receiving: there))
        }
    }

    static func fail(_ message: String) -> Never {
        let line = message + "\n"
        _ = line.withCString { write(STDERR_FILENO, $0, line.utf8.count) }
        exit(1)
    }
}
