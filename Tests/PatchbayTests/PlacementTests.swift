import NIOCore
import Patchbay
import PatchbayCore
import Synchronization
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

extension PlacementTests {
    /// Where the slow work of each handshake ran.
    private final class Places: Sendable {
        private let onReactor = Mutex<[Bool]>([])
        func note() { onReactor.withLock { $0.append(ReactorGroup.shared.next().isCurrent) } }
        var all: [Bool] { onReactor.withLock { $0 } }
    }

    /// An authenticator that has slow work at each end, and nothing to say.
    private struct Slow: Plugin, Authenticator, Handshake {
        let places: Places
        let name = "slow"
        let version = "1.0.0"
        let summary = "works off the reactor"

        func register(into registrar: inout Registrar) {
            registrar.add(Layer(name: name, summary: summary, maker: .authenticator(AuthenticatorTraits(medium: .greeting)) { _ in self }))
        }

        func makeHandshake(_ context: HandshakeContext) -> any Handshake { self }

        mutating func step(_ input: HandshakeInput) -> HandshakeStep {
            if case .verdict = input { return HandshakeStep(next: .done(HandshakeResult())) }
            let places = places
            return HandshakeStep(
                next: .perform {
                    places.note()
                    return true
                }
            )
        }
    }

    @Test("the slow work of an authenticator never runs on a reactor, which serves others meanwhile")
    func slowWork() async throws {
        let places = Places()
        var registry = Registry.standard
        try registry.register(Slow(places: places))
        let listener = try await Listener.bind(ConnectionURL("slow+" + Medium.unix.target()), registry: registry)
        let running = Task { try await listener.run { _ = try await $0.receiveBytes() } }
        for _ in 0..<3 {
            let connection = try await Connection.connect(to: ConnectionURL(listener.url), registry: registry)
            await connection.close()
            // Dialled on the reactor, too.
            try await withConnection(to: ConnectionURL(listener.url), registry: registry) { #expect($0.reactor.isCurrent) }
        }
        listener.stop(drain: .seconds(5))
        try await running.value
        #expect(places.all == Array(repeating: false, count: 12))
    }
}
