import NIOCore
import Patchbay
import Testing

@Suite("Where closures run", .timeLimit(.minutes(1)))
struct PlacementTests {
    private func withEcho<Result: Sendable>(_ body: (ConnectionURL) async throws -> Result) async throws -> Result {
        let listener = try await Listener.bind(Medium.unix.url())
        let running = Task {
            try await listener.run { connection in
                while let message = try await connection.receiveBytes() {
                    #expect(connection.reactor.isCurrent)
                    try await connection.send(bytes: message)
                }
            }
        }
        let result = try await body(listener.dialable())
        listener.stop(drain: .seconds(5))
        try await running.value
        return result
    }

    @Test("a closure of a caller without isolation runs on the connection's reactor, after every wait too")
    func nonisolated() async throws {
        try await withEcho { url in
            try await withConnection(to: url) { connection in
                for _ in 0..<10 {
                    #expect(connection.reactor.isCurrent)
                    try await connection.send(text: "x")
                    #expect(try await connection.receiveText() == "x")
                    #expect(connection.reactor.isCurrent)
                }
            }
        }
    }

    @Test("with the global executor it runs beside the reactor")
    func global() async throws {
        try await withEcho { url in
            try await withConnection(to: url, executor: .global) { connection in
                for _ in 0..<10 {
                    #expect(!connection.reactor.isCurrent)
                    try await connection.send(text: "x")
                    #expect(try await connection.receiveText() == "x")
                }
            }
        }
    }

    @MainActor
    private final class Model {
        var seen = 0

        func talk(_ url: ConnectionURL) async throws {
            try await withConnection(to: url) { connection in
                for _ in 0..<10 {
                    MainActor.assertIsolated()
                    #expect(!connection.reactor.isCurrent)
                    try await connection.send(text: "x")
                    if try await connection.receiveText() == "x" { seen += 1 }
                    MainActor.assertIsolated()
                }
            }
        }
    }

    @Test("a closure of the main actor stays on it")
    func mainActor() async throws {
        try await withEcho { url in
            let model = Model()
            try await model.talk(url)
            let seen = await model.seen
            #expect(seen == 10)
        }
    }

    private actor Keeper {
        var seen = 0

        func talk(_ url: ConnectionURL) async throws -> Int {
            try await withConnection(to: url) { connection in
                for _ in 0..<10 {
                    self.assertIsolated()
                    try await connection.send(text: "x")
                    if try await connection.receiveText() == "x" { seen += 1 }
                    self.assertIsolated()
                }
            }
            return seen
        }
    }

    @Test("a closure of an actor keeps its isolation")
    func actor() async throws {
        let seen = try await withEcho { url in try await Keeper().talk(url) }
        #expect(seen == 10)
    }
}
