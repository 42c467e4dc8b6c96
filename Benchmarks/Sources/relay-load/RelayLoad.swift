internal import Glibc
internal import NIOCore
internal import Patchbay

/// Registers many names at a relay, opens many circuits, and tells what each cost the relay's process.
///
///     relay-load <host:port> <process id of the relay> <registrations> <circuits>
@main
struct RelayLoad {
    static func main() async throws {
        let arguments = CommandLine.arguments
        guard arguments.count == 5, let process = Int(arguments[2]), let names = Int(arguments[3]), let circuits = Int(arguments[4]) else {
            print("relay-load <host:port> <process id> <registrations> <circuits>")
            exit(2)
        }
        var limit = rlimit(rlim_cur: 65_536, rlim_max: 65_536)
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        try await RelayLoad(target: arguments[1], process: process).run(names: names, circuits: circuits)
    }

    let target: String
    let process: Int

    private func url(_ name: String) throws -> ConnectionURL {
        try ConnectionURL("noise+relay://:0123456789abcdef0123456789abcdef@" + target + "/" + name + "?timeout=60s&handshake-timeout=60s")
    }

    private func run(names: Int, circuits: Int) async throws {
        let worker = try await Listener.bind(url("worker"))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await worker.run { connection in
                    while let message = try await connection.receiveBytes() { try await connection.send(bytes: message) }
                }
            }
            // What the relay allocates once.
            try await withConnection(to: url("worker")) { try await roundTrip($0) }
            let start = resident()
            let listeners = try await many(names - 1) { try await Listener.bind(url("idle-\($0)")) }
            let registered = resident()
            print(
                "\(names) registrations: \(start) KiB before, \(registered) KiB after, \(bytes(registered - start, names - 1)) bytes each"
            )

            let connections = try await many(circuits) { _ in try await Connection.connect(to: url("worker")) }
            let opened = resident()
            print("\(circuits) circuits: \(opened) KiB, \(bytes(opened - registered, circuits)) bytes each, idle")
            for connection in connections { try await roundTrip(connection) }
            let used = resident()
            print("after a round trip on each: \(used) KiB, \(bytes(used - registered, circuits)) bytes each")

            var times: [Duration] = []
            let clock = ContinuousClock()
            for _ in 0..<2000 { times.append(try await clock.measure { try await roundTrip(connections[0]) }) }
            times.sort()
            print("round trip of 64 B beside them: median \(microseconds(times[1000])), 99 % \(microseconds(times[1980]))")

            let message = ByteBuffer(repeating: 1, count: 1 << 20)
            for connection in connections.prefix(200) {
                group.addTask { for _ in 0..<4 { try? await connection.send(bytes: message) } }
                group.addTask { for _ in 0..<4 { _ = try? await connection.receiveBytes(timeout: .seconds(60)) } }
            }
            for _ in 0..<400 { try await group.next() }
            print("after 4 MiB each way through 200 of them: \(resident()) KiB")
            for connection in connections { connection.abort() }
            for listener in listeners { listener.close() }
            worker.close()
            group.cancelAll()
        }
    }

    private func many<Made: Sendable>(_ count: Int, _ make: @escaping @Sendable (Int) async throws -> Made) async throws -> [Made] {
        try await withThrowingTaskGroup(of: Made.self) { group in
            var made: [Made] = []
            var next = 0
            while made.count < count {
                while next < count, next - made.count < 64 {
                    let index = next
                    group.addTask { try await make(index) }
                    next += 1
                }
                if let one = try await group.next() { made.append(one) }
            }
            return made
        }
    }

    private func roundTrip(_ connection: Connection) async throws {
        try await connection.send(bytes: ByteBuffer(repeating: 7, count: 64))
        guard try await connection.receiveBytes(timeout: .seconds(60)) != nil else {
            throw PatchbayError(.closed, "the listener is gone", stage: .receive)
        }
    }

    /// What the relay has in memory, in KiB.
    private func resident() -> Int {
        guard let file = fopen("/proc/\(process)/status", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 256)
        while fgets(&line, CInt(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            if text.hasPrefix("VmRSS:") {
                return text.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap { Int($0) } ?? 0
            }
        }
        return 0
    }

    private func bytes(_ kibibytes: Int, _ count: Int) -> Int { kibibytes * 1024 / max(count, 1) }

    private func microseconds(_ duration: Duration) -> String { "\(Int(duration / .microseconds(1))) µs" }
}
