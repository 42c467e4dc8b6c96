internal import Glibc
internal import NIOCore
internal import Patchbay

/// Work of a fixed amount that ends by itself, so that what is counted can be divided by it: scripts/gates counts.
@main
enum GateWorkload {
    static let usage = """
        usage: gate-workload server URL messages|records
               gate-workload client URL round-trip|one-way|records|connect COUNT
               gate-workload fixed
        """

    /// Not async: the main thread would then end up in a sigsuspend, on which valgrind 3.19 crashes.
    static func main() {
        let arguments = Array(CommandLine.arguments.dropFirst())
        do {
            if arguments == ["fixed"] {
                try runFixedWork()
            } else {
                try wait(on: globalConcurrentExecutor) { try await run(arguments) }
            }
        } catch {
            print("gate-workload: \(error)")
            exit(1)
        }
        exit(0)
    }

    private static func run(_ arguments: [String]) async throws {
        let count = arguments.count == 4 ? Int(arguments[3]) ?? 0 : 0
        switch (arguments.first, arguments.count, arguments.dropFirst(2).first) {
        case ("server", 3, "messages"): try await serveMessages(ConnectionURL(arguments[1]))
        case ("server", 3, "records"): try await serveRecords(ConnectionURL(arguments[1]))
        case ("client", 4, "round-trip") where count > 0: try await makeRoundTrips(ConnectionURL(arguments[1]), count)
        case ("client", 4, "one-way") where count > 0: try await sendOneWay(ConnectionURL(arguments[1]), count)
        case ("client", 4, "records") where count > 0: try await sendRecords(ConnectionURL(arguments[1]), count)
        case ("client", 4, "connect") where count > 0: try await connect(ConnectionURL(arguments[1]), count)
        default:
            print(usage)
            exit(2)
        }
    }
}
