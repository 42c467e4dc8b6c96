internal import Glibc
internal import Patchbay

/// Patchbay as a benchmark peer: the modes and the output of the other peers, over any URL.
@main
enum PatchbayBench {
    static func main() async {
        do {
            let arguments = try BenchArguments(Array(CommandLine.arguments.dropFirst()))
            let registry = try await arguments.registry()
            switch arguments.placement {
            case .reactor: try await run(arguments, registry)
            case .global: try await runOnGlobalExecutor(arguments, registry)
            }
        } catch is BenchArguments.Invalid {
            fail(BenchArguments.usage)
        } catch {
            fail("patchbay-bench: \(error)")
        }
    }

    @concurrent static func runOnGlobalExecutor(_ arguments: BenchArguments, _ registry: Registry) async throws {
        try await run(arguments, registry)
    }

    static func run(_ arguments: BenchArguments, _ registry: Registry) async throws {
        let numbers = arguments.numbers
        let first = Int(numbers.first ?? 0)
        let client = BenchClient(url: arguments.url, registry: registry, placement: arguments.placement)
        let small = BenchMessages(arguments.values)
        let sized = BenchMessages(arguments.values, size: first)
        switch (arguments.mode, numbers.count) {
        case (nil, 0): try await serve(arguments.url, registry, arguments.values)
        case ("latency", 2): try await client.measureLatency(sized, for: .seconds(numbers[1]))
        case ("oneway", 2): try await client.measureOneWay(sized, for: .seconds(numbers[1]))
        case ("both", 2): try await client.measureBothWays(sized, for: .seconds(numbers[1]))
        case ("inflight", 3): try await client.measureInFlight(sized, window: Int(numbers[2]), for: .seconds(numbers[1]))
        case ("fanin", 2): try await client.measureFanIn(small, connections: first, for: .seconds(numbers[1]))
        case ("connect", 1): try await client.measureConnect(small, for: .seconds(numbers[0]))
        case ("idle", 2): try await client.measureIdle(small, connections: first, process: Int(numbers[1]))
        case ("openloop", 3):
            let messages = BenchMessages(arguments.values, size: Int(numbers[1]))
            try await client.measureOpenLoop(messages, rate: numbers[0], for: .seconds(numbers[2]))
        default: throw BenchArguments.Invalid()
        }
    }

    static func fail(_ message: String) -> Never {
        let line = message + "\n"
        _ = line.withCString { write(STDERR_FILENO, $0, line.utf8.count) }
        exit(1)
    }
}
