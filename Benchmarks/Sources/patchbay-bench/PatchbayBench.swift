internal import Glibc
internal import Patchbay

/// Patchbay as a benchmark peer: the modes and the output of Peers/c/raw.c, over any URL.
@main
enum PatchbayBench {
    static let usage = """
        usage: patchbay-bench server URL
               patchbay-bench client URL latency SIZE SECONDS
               patchbay-bench client URL oneway SIZE SECONDS
               patchbay-bench client URL connect SECONDS
               patchbay-bench client URL idle COUNT PID
        """

    static func main() async {
        do {
            try await run(Array(CommandLine.arguments.dropFirst()))
        } catch {
            fail("patchbay-bench: \(error)")
        }
    }

    static func run(_ arguments: [String]) async throws {
        guard arguments.count >= 2 else { fail(usage) }
        let url = try ConnectionURL(arguments[1])
        let mode = arguments.dropFirst(2).first
        let numbers = arguments.dropFirst(3).compactMap(Double.init).filter { $0 > 0 && $0 < 1e9 }
        switch (arguments[0], mode, numbers.count) {
        case ("server", nil, 0): try await serve(url)
        case ("client", "latency", 2): try await measureLatency(url, size: Int(numbers[0]), for: .seconds(numbers[1]))
        case ("client", "oneway", 2): try await measureOneWay(url, size: Int(numbers[0]), for: .seconds(numbers[1]))
        case ("client", "connect", 1): try await measureConnect(url, for: .seconds(numbers[0]))
        case ("client", "idle", 2): try await measureIdle(url, connections: Int(numbers[0]), process: Int(numbers[1]))
        default: fail(usage)
        }
    }

    static func fail(_ message: String) -> Never {
        let line = message + "\n"
        _ = line.withCString { write(STDERR_FILENO, $0, line.utf8.count) }
        exit(1)
    }
}
