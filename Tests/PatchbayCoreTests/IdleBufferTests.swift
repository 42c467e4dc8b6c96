import NIOCore
import PatchbayIO
import Synchronization
import Testing

@testable import PatchbayCore

@Suite("Idle connections hold no buffers", .timeLimit(.minutes(1)))
struct IdleBufferTests {
    private func holdsNothing(_ connection: Connection) -> Bool {
        connection.link.writeSide.withLock { !$0.holdsBuffer } && connection.link.readSide.withLock { !$0.holdsBuffer }
    }

    private func eventually(_ condition: () -> Bool) async {
        while !condition() { await Task.yield() }
    }

    @Test("after a message from a task that is not on the reactor, while another waits for one")
    func fromElsewhere() async throws {
        let (near, far) = try Connection.pipe()
        let waiting = Task { try await near.receiveBytes() }
        try await near.send(bytes: ByteBuffer(string: "out"))
        #expect(try await far.receiveBytes() == ByteBuffer(string: "out"))
        await eventually { holdsNothing(near) && !near.link.readSide.withLock { $0.waiters.isEmpty } }
        try await far.send(bytes: ByteBuffer(string: "back"))
        #expect(try await waiting.value == ByteBuffer(string: "back"))
    }

    @Test("while a task on the reactor waits, with a timeout and without", arguments: [nil, Duration.seconds(30)])
    func onTheReactor(timeout: Duration?) async throws {
        let (near, far) = try Connection.pipe()
        let talking = Task(executorPreference: near.reactor) {
            try await near.send(bytes: ByteBuffer(string: "out"))
            return try await near.receiveBytes(timeout: timeout)
        }
        #expect(try await far.receiveBytes() == ByteBuffer(string: "out"))
        await eventually { holdsNothing(near) }
        try await far.send(bytes: ByteBuffer(string: "back"))
        #expect(try await talking.value == ByteBuffer(string: "back"))
    }

    @Test("once output that a slow peer had left waiting is gone")
    func afterBackPressure() async throws {
        let (near, far) = try Connection.pipe()
        let large = ByteBuffer(repeating: 1, count: 8_192)
        let sending = Task(executorPreference: near.reactor) {
            for _ in 0..<32 { try await near.send(bytes: large) }
            return try await near.receiveBytes()
        }
        await eventually { near.link.writeSide.withLock { !$0.isEmpty } }
        for _ in 0..<32 { #expect(try await far.receiveBytes() == large) }
        await eventually { holdsNothing(near) }
        try await far.send(bytes: ByteBuffer(string: "back"))
        #expect(try await sending.value == ByteBuffer(string: "back"))
    }
}
