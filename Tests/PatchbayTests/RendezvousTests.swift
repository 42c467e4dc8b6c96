import NIOCore
import Patchbay
import Testing

@Suite("Inbound connections by id", .timeLimit(.minutes(2)))
struct RendezvousTests {
    private func thrown(_ body: () async throws -> Void) async -> PatchbayError.Code? {
        do {
            try await body()
            return nil
        } catch {
            return (error as? PatchbayError)?.code
        }
    }

    /// What the one of them is told that is refused, while the others wait until they are cancelled.
    private func refused(_ bodies: [@Sendable () async throws -> Void]) async -> PatchbayError.Code? {
        await withTaskGroup(of: PatchbayError.Code?.self) { group in
            for body in bodies { group.addTask { await thrown(body) } }
            let first = await group.next() ?? nil
            group.cancelAll()
            for await other in group { #expect(other == nil) }
            return first
        }
    }

    @Test("a peer that was asked to call back is found by the id in its handshake data, whoever comes first", arguments: [true, false])
    func callBack(dialerFirst: Bool) async throws {
        let arrivals = Rendezvous()
        let listener = try await Listener.bind("tcp://127.0.0.1")
        let url = listener.url
        try await withThrowingTaskGroup(of: Void.self) { group in
            let arrived = Gate()
            group.addTask {
                try await listener.run { connection in
                    let said = connection.peer.data["id"]
                    let id = try #require(said)
                    arrived.open()
                    try await arrivals.offer(connection, as: id)
                }
            }
            group.addTask {
                if !dialerFirst { await arrived.wait() }
                try await arrivals.withConnection("build-17", timeout: .seconds(30)) { worker in
                    #expect(try await worker.receiveBytes() == ByteBuffer(string: "done"))
                    try await worker.send(bytes: ByteBuffer(string: "thanks"))
                    #expect(try await worker.receiveBytes() == nil)
                }
                listener.stop(drain: .seconds(5))
            }
            try await withConnection(to: ConnectionURL(url + "?data.id=build-17")) { connection in
                try await connection.send(bytes: ByteBuffer(string: "done"))
                #expect(try await connection.receiveBytes() == ByteBuffer(string: "thanks"))
            }
            try await group.waitForAll()
        }
    }

    @Test("ids do not cross, each connection goes to its own")
    func many() async throws {
        let arrivals = Rendezvous()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<100 {
                group.addTask {
                    let (near, far) = try Connection.pipe()
                    async let offering: Void = arrivals.offer(far, as: "\(number)")
                    async let taking: Void = arrivals.withConnection("\(number)", timeout: .seconds(30)) { connection in
                        let message = try await connection.receiveBytes()
                        #expect(message == ByteBuffer(integer: number))
                    }
                    try await near.send(bytes: ByteBuffer(integer: number))
                    _ = try await (offering, taking)
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("one that nobody comes for, and one that does not come, time out; a second of either is refused, and so is one too many")
    func limits() async throws {
        let (first, second) = try Connection.pipe()
        let brief = Rendezvous(patience: .milliseconds(50))
        let untaken = await thrown { try await brief.offer(first, as: "a") }
        #expect(untaken == .timedOut)
        let absent = await thrown { try await brief.withConnection("a", timeout: .milliseconds(50)) { _ in } }
        #expect(absent == .timedOut)
        // Those that may wait do so for longer than the test takes.
        let arrivals = Rendezvous(capacity: 2, patience: .seconds(3600))
        @Sendable func offer(_ id: String) async throws { try await arrivals.offer(first, as: id) }
        let again = await refused([{ try await offer("a") }, { try await offer("a") }])
        #expect(again == .invalidArgument)
        let tooMany = await refused([{ try await offer("a") }, { try await offer("b") }, { try await offer("c") }])
        #expect(tooMany == .limitExceeded)
        let awaiting: @Sendable () async throws -> Void = { try await arrivals.withConnection("d") { _ in } }
        let awaited = await refused([awaiting, awaiting])
        #expect(awaited == .invalidArgument)
        first.abort()
        second.abort()
    }

    @Test("a task that is cancelled leaves nothing behind")
    func cancellation() async throws {
        let arrivals = Rendezvous()
        let (near, far) = try Connection.pipe()
        for _ in 0..<20 {
            let awaiting = Task { try await arrivals.withConnection("a") { _ in } }
            awaiting.cancel()
            await #expect(throws: CancellationError.self) { try await awaiting.value }
            let offering = Task { try await arrivals.offer(near, as: "a") }
            offering.cancel()
            await #expect(throws: CancellationError.self) { try await offering.value }
        }
        async let offering: Void = arrivals.offer(near, as: "a")
        try await arrivals.withConnection("a") { _ in }
        try await offering
        near.abort()
        far.abort()
    }
}
