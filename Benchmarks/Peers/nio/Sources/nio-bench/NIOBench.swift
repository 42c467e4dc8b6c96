internal import Glibc
internal import NIOCore
internal import NIOPosix

/// SwiftNIO as a benchmark peer: the modes and the output of the C peers, over raw C's frames.
@main
enum NIOBench {
    static let usage = """
        usage: nio-bench server URL [--style handlers|async] [--threads N] [--takeover]
               nio-bench client URL latency SIZE SECONDS [--style handlers|async] [--takeover]
               nio-bench client URL oneway SIZE SECONDS
               nio-bench client URL both SIZE SECONDS
               nio-bench client URL inflight SIZE SECONDS WINDOW
               nio-bench client URL fanin COUNT SECONDS
               nio-bench client URL connect SECONDS
               nio-bench client URL idle COUNT PID
               nio-bench client URL openloop RATE SIZE SECONDS
        URL is tcp://ADDRESS:PORT or unix:///path. With --takeover NIO's event loops run all tasks.
        """

    static func main() async {
        do {
            try await run()
        } catch {
            fail("nio-bench: \(error)")
        }
    }

    static func run() async throws {
        var words: [String] = []
        var isAsync = false, threads = 1, takesOver = false
        var arguments = CommandLine.arguments.dropFirst()
        while let word = arguments.popFirst() {
            switch word {
            case "--style":
                guard let style = arguments.popFirst(), ["handlers", "async"].contains(style) else { fail(usage) }
                isAsync = style == "async"
            case "--threads":
                guard let number = arguments.popFirst().flatMap({ Int($0) }), 1...64 ~= number else { fail(usage) }
                threads = number
            case "--takeover": takesOver = true
            default: words.append(word)
            }
        }
        guard words.count >= 2 else { fail(usage) }
        raiseDescriptorLimit()
        if takesOver, !NIOSingletons.unsafeTryInstallSingletonPosixEventLoopGroupAsConcurrencyGlobalExecutor() {
            fail("nio-bench: this Swift does not let NIO take over")
        }
        let endpoint = try Endpoint(words[1], threads: threads, takesOver: takesOver)
        if words[0] == "server", words.count == 2 {
            try await isAsync ? serveWithAsyncChannels(endpoint) : serveWithHandlers(endpoint)
            return
        }
        guard words[0] == "client", words.count > 2 else { fail(usage) }
        let client: any Client = isAsync ? AsyncClient(endpoint: endpoint) : HandlersClient(endpoint: endpoint)
        try await measure(client, mode: words[2], numbers: words.dropFirst(3).compactMap(Double.init).filter { $0 > 0 && $0 < 1e9 })
        fflush(nil)
        exit(0)
    }

    static func measure(_ client: any Client, mode: String, numbers: [Double]) async throws {
        switch (mode, numbers.count) {
        case ("latency", 2):
            try await client.roundTrips(size: Int(numbers[0]), for: numbers[1], window: 1).printLatency()
        case ("oneway", 2):
            try await client.oneWay(size: Int(numbers[0]), for: numbers[1]).printStream(size: Int(numbers[0]))
        case ("both", 2):
            try await client.both(size: Int(numbers[0]), for: numbers[1]).printStream(size: Int(numbers[0]))
        case ("inflight", 3):
            try await client.roundTrips(size: Int(numbers[0]), for: numbers[1], window: Int(numbers[2])).printRoundTrips()
        case ("fanin", 2): try await client.fanIn(connections: Int(numbers[0]), for: numbers[1]).printRoundTrips()
        case ("connect", 1): try await client.connect(for: numbers[0]).printConnections()
        case ("idle", 2):
            let before = try await client.holding(64) { try await settledResidentBytes(of: Int(numbers[1])) }
            let after = try await client.holding(Int(numbers[0])) { try await settledResidentBytes(of: Int(numbers[1])) }
            printMemory(before: before, after: after, connections: Int(numbers[0]))
        case ("openloop", 3):
            try await client.openLoop(rate: numbers[0], size: Int(numbers[1]), for: numbers[2]).printSchedule()
        default: fail(usage)
        }
    }
}

/// How each style measures.
protocol Client {
    func roundTrips(size: Int, for seconds: Double, window: Int) async throws -> Results
    func oneWay(size: Int, for seconds: Double) async throws -> Results
    func both(size: Int, for seconds: Double) async throws -> Results
    func fanIn(connections: Int, for seconds: Double) async throws -> Results
    func connect(for seconds: Double) async throws -> Results
    func openLoop(rate: Double, size: Int, for seconds: Double) async throws -> Results
    /// Opens so many connections more, each with one round trip, and leaves them open.
    func holding(_ count: Int, _ body: () async throws -> Int) async throws -> Int
}

/// At most 4 MiB and 1,024 messages on their way, and at least 4.
func bothWaysWindow(_ size: Int) -> Int { max(4, min(1024, (4 << 20) / size)) }

struct UnexpectedAnswer: Error {
    var bytes: Int?
}

func sayReady() {
    print("ready")
    fflush(nil)
}

func fail(_ message: String) -> Never {
    let line = message + "\n"
    _ = line.withCString { write(STDERR_FILENO, $0, line.utf8.count) }
    exit(1)
}

private func raiseDescriptorLimit() {
    var limit = rlimit()
    getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    limit.rlim_cur = limit.rlim_max
    setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
}
