public import NIOCore

/// The messages of a connection, until the peer has ended in order.
///
/// `while let message = try await connection.receiveBytes()` does the same, and is faster by a hop per message.
public struct Messages: AsyncSequence, Sendable {
    public typealias Element = ByteBuffer

    let connection: Connection

    public func makeAsyncIterator() -> Iterator { Iterator(connection: connection) }

    public struct Iterator: AsyncIteratorProtocol {
        let connection: Connection

        public mutating func next() async throws -> ByteBuffer? { try await connection.receiveBytes() }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> ByteBuffer? {
            try await connection.receiveBytes()
        }
    }
}

/// The messages of a connection as values, until the peer has ended in order.
///
/// A message that does not decode throws; the connection goes on, and so does a new iteration.
public struct Values<Element: Decodable>: AsyncSequence {
    let connection: Connection

    public func makeAsyncIterator() -> Iterator { Iterator(connection: connection) }

    public struct Iterator: AsyncIteratorProtocol {
        let connection: Connection

        public mutating func next() async throws -> Element? { try await connection.receive(as: Element.self) }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> Element? {
            try await connection.receive(as: Element.self)
        }
    }
}

/// The messages of a connection as they come: each element holds all that one wait brought, at least one.
public struct MessageBatches: AsyncSequence, Sendable {
    public typealias Element = [ByteBuffer]

    let connection: Connection
    let limit: Int

    public func makeAsyncIterator() -> Iterator { Iterator(connection: connection, limit: limit) }

    public struct Iterator: AsyncIteratorProtocol {
        let connection: Connection
        let limit: Int

        public mutating func next() async throws -> [ByteBuffer]? { try await connection.receiveBatch(limit: limit) }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(any Error) -> [ByteBuffer]? {
            try await connection.receiveBatch(limit: limit)
        }
    }
}

extension Connection {
    /// The messages, until the peer has ended in order.
    public var messages: Messages { Messages(connection: self) }

    /// The messages as values, until the peer has ended in order.
    public func messages<T: Decodable>(of type: T.Type) -> Values<T> { Values(connection: self) }

    /// The messages in batches: the cheapest way to take very many.
    public func batches(limit: Int = 1024) -> MessageBatches { MessageBatches(connection: self, limit: max(1, limit)) }

    /// Waits for a message, and takes along all that are complete by then; nil once the peer has ended in order.
    public nonisolated(nonsending) func receiveBatch(limit: Int = 1024) async throws -> [ByteBuffer]? {
        guard let first = try await receiveBytes() else { return nil }
        var batch = [first]
        _ = try receiveAvailable(limit: limit - 1) { batch.append($0) }
        return batch
    }
}
