internal import NIOCore
internal import PatchbayIO

extension Connection {
    /// Sends a value as the stack's codec writes it. Suspends as ``send(bytes:)`` does.
    /// - Throws: as ``send(bytes:)``, and `encodingFailed`.
    public nonisolated(nonsending) func send<T: Encodable>(_ value: T) async throws {
        // Encoded apart from the outgoing bytes: a value's own `encode(to:)` must not run under this connection's lock.
        var message = reactor.takeOutputBuffer()
        try codec.encode(value, into: &message)
        try await send(bytes: message)
        giveBack(message)
    }

    /// Sends a dynamic value as the stack's codec writes it.
    public nonisolated(nonsending) func send(_ value: Value) async throws {
        var message = reactor.takeOutputBuffer()
        try codec.encode(value, into: &message)
        try await send(bytes: message)
        giveBack(message)
    }

    private func giveBack(_ message: ByteBuffer) {
        // A longer one went by reference.
        if message.readableBytes <= Link.referenceLimit { reactor.giveOutputBuffer(message) }
    }

    /// The next message as a value; nil once the peer has ended in order.
    ///
    /// Decoding happens here, on the caller's task; a long message is decoded off the reactor.
    /// - Throws: as ``receiveBytes(maximum:timeout:)``, and `decodingFailed`: the message is consumed, and the connection goes on.
    public nonisolated(nonsending) func receive<T: Decodable>(as type: T.Type, timeout: Duration? = nil) async throws -> T? {
        guard let message = try await receiveBytes(timeout: timeout) else { return nil }
        guard isLong(message) else { return try codec.decode(type, from: message) }
        return try await offReactor { try codec.decode(type, from: message) }
    }

    /// The next message as a dynamic value; nil once the peer has ended in order.
    public nonisolated(nonsending) func receive(as type: Value.Type, timeout: Duration? = nil) async throws -> Value? {
        guard let message = try await receiveBytes(timeout: timeout) else { return nil }
        guard isLong(message) else { return try codec.decodeValue(from: message) }
        return try await offReactor { try codec.decodeValue(from: message) }
    }

    /// Decoding this would hold up the reactor's other connections for too long.
    private func isLong(_ message: ByteBuffer) -> Bool { message.readableBytes > 65_536 && reactor.isCurrent }

    private nonisolated(nonsending) func offReactor<Result>(_ decode: () throws -> Result) async throws -> Result {
        let result = try await withTaskExecutorPreference(globalConcurrentExecutor) {
            await ReactorGroup.settle()
            return try decode()
        }
        await ReactorGroup.settle()
        return result
    }
}
