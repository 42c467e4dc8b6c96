internal import Patchbay

private let warmUpConnections = 64

extension BenchClient {
    /// What open connections cost the server process.
    ///
    /// Some come before the first reading, so that what the server sets up only once is not counted.
    func measureIdle(_ messages: BenchMessages, connections: Int, process: Int) async throws {
        var held = try await open(warmUpConnections, messages)
        let before = try await settledResidentBytes(of: process)
        held += try await open(connections, messages)
        let after = try await settledResidentBytes(of: process)
        print("bytes_per_connection=\((after - before) / connections) count=\(connections) before_bytes=\(before) after_bytes=\(after)")
        for connection in held { connection.abort() }
    }

    /// So many connections, each after one round trip.
    private func open(_ count: Int, _ messages: BenchMessages) async throws -> [Connection] {
        try await placed {
            var connections: [Connection] = []
            for _ in 0..<count {
                let connection = try await Connection.connect(to: url, registry: registry)
                try await messages.roundTrip(connection)
                connections.append(connection)
            }
            return connections
        }
    }
}
