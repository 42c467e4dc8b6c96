internal import Glibc
internal import Patchbay

/// Patchbay as a benchmark peer: the modes and the output of the other peers, over any URL.
@main
enum PatchbayBench {
    static func main() async {
        do {
            let arguments = try BenchArguments(Array(CommandLine.arguments.dropFirst()))
            let registry = try await arguments.registry()
            switch arguments.values {
            case .bytes: try await run(arguments, registry, BytesForm.self)
            case .record: try await run(arguments, registry, RecordForm.self)
            }
        } catch is BenchArguments.Invalid {
            fail(BenchArguments.usage)
        } catch {
            fail("patchbay-bench: \(error)")
        }
    }

    static func run<Form: MessageForm>(_ arguments: BenchArguments, _ registry: Registry, _ form: Form.Type) async throws {
        let numbers = arguments.numbers
        let client = BenchClient(url: arguments.url, registry: registry, placement: arguments.placement)
        let size = Int(numbers.first ?? 0)
        switch (arguments.mode, numbers.count) {
        case (nil, 0): try await serve(arguments.url, registry, form)
        case ("latency", 2): try await client.measureLatency(form.init(size: size), for: .seconds(numbers[1]))
        case ("oneway", 2): try await client.measureOneWay(form.init(size: size), for: .seconds(numbers[1]))
        case ("both", 2): try await client.measureBothWays(form.init(size: size), for: .seconds(numbers[1]))
        case ("inflight", 3):
            try await client.measureInFlight(form.init(size: size), window: Int(numbers[2]), for: .seconds(numbers[1]))
        case ("fanin", 2): try await client.measureFanIn(form.small, connections: size, for: .seconds(numbers[1]))
        case ("connect", 1): try await client.measureConnect(form.small, for: .seconds(numbers[0]))
        case ("idle", 2): try await client.measureIdle(form.small, connections: size, process: Int(numbers[1]))
        case ("openloop", 3):
            try await client.measureOpenLoop(form.init(size: Int(numbers[1])), rate: numbers[0], for: .seconds(numbers[2]))
        default: throw BenchArguments.Invalid()
        }
    }

    static func fail(_ message: String) -> Never {
        let line = message + "\n"
        _ = line.withCString { write(STDERR_FILENO, $0, line.utf8.count) }
        exit(1)
    }
}
