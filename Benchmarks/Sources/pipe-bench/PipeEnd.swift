internal import AsyncAlgorithms
internal import NIOCore
internal import Patchbay

/// One of two ends that lead to each other.
protocol PipeEnd: Sendable {
    func send(_ message: ByteBuffer) async throws
    /// Calls `body` with each message until it says false, or the other end is over.
    func receive(_ body: (ByteBuffer) async throws -> Bool) async throws
}

struct ConnectionEnd: PipeEnd {
    let connection: Connection

    func send(_ message: ByteBuffer) async throws { try await connection.send(bytes: message) }

    func receive(_ body: (ByteBuffer) async throws -> Bool) async throws {
        while let message = try await connection.receiveBytes() {
            guard try await body(message) else { return }
        }
    }
}

struct ChannelEnd: PipeEnd {
    let sending: AsyncChannel<ByteBuffer>
    let receiving: AsyncChannel<ByteBuffer>

    func send(_ message: ByteBuffer) async { await sending.send(message) }

    func receive(_ body: (ByteBuffer) async throws -> Bool) async throws {
        for await message in receiving {
            guard try await body(message) else { return }
        }
    }
}
