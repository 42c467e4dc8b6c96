internal import NIOCore
internal import Patchbay

/// What a message asks of the server.
enum Request: UInt8 {
    /// Send it back.
    case echo = 0x45
    /// Drop it.
    case sink = 0x53
    /// Answer with something small.
    case finish = 0x46
    /// The answer to `finish`.
    case answer = 0x41
}

/// A small record: 56 bytes in MessagePack, near enough to the rows of 64 B to stand beside them.
struct Record: Codable {
    var kind: UInt8
    var id: Int
    var name: String
    var load: Double
    var done: Bool
}

/// The same record, which says its fields itself.
struct FieldRecord: FieldCodable {
    var kind: UInt8
    var id: Int
    var name: String
    var load: Double
    var done: Bool

    init(_ record: Record) {
        kind = record.kind
        id = record.id
        name = record.name
        load = record.load
        done = record.done
    }

    init(from fields: inout FieldReader) throws {
        kind = try fields.integer("kind")
        id = try fields.integer("id")
        name = try fields.string("name")
        load = try fields.double("load")
        done = try fields.bool("done")
    }

    func write(to tokens: inout some TokenWriter) throws {
        try tokens.beginMap(count: 5)
        try tokens.field("kind", kind)
        try tokens.field("id", id)
        try tokens.field("name", name)
        try tokens.field("load", load)
        try tokens.field("done", done)
        try tokens.endMap(count: 5)
    }
}

struct UnexpectedAnswer: Error {
    var bytes: Int?
}

/// Messages as an application has them: bytes, or records.
///
/// Not generic: through a generic function each call of the connection is followed by a look for the task's executor, which costs more
/// than the call, and which an application that calls the connection by itself does not pay.
struct BenchMessages: Sendable {
    private let values: BenchArguments.Values
    private let echo: ByteBuffer
    private let sink: ByteBuffer
    private static let finish = ByteBuffer(bytes: [Request.finish.rawValue])

    /// - Parameter size: of a message of bytes. A record has the size that it has.
    init(_ values: BenchArguments.Values, size: Int = 64) {
        self.values = values
        var message = ByteBuffer(repeating: UInt8(ascii: "x"), count: max(size, 1))
        message.setInteger(Request.echo.rawValue, at: 0)
        echo = message
        message.setInteger(Request.sink.rawValue, at: 0)
        sink = message
    }

    private func record(_ request: Request) -> Record {
        Record(kind: request.rawValue, id: 4711, name: "worker-17.example", load: 0.75, done: false)
    }

    /// The bytes of a message on the wire, without its frame.
    func bytes(_ connection: Connection) throws -> Int {
        guard values != .bytes else { return echo.readableBytes }
        var message = ByteBuffer()
        try connection.codec.encode(record(.echo), into: &message)
        return message.readableBytes
    }

    @inline(__always)
    func send(_ request: Request, _ connection: Connection) async throws {
        switch values {
        case .bytes: break
        case .record: return try await connection.send(record(request))
        case .fields: return try await connection.send(FieldRecord(record(request)))
        }
        switch request {
        case .echo: try await connection.send(bytes: echo)
        case .sink: try await connection.send(bytes: sink)
        case .finish, .answer: try await connection.send(bytes: Self.finish)
        }
    }

    /// Receives an answer, whole.
    @inline(__always)
    func receive(_ connection: Connection) async throws -> Request {
        switch values {
        case .bytes: break
        case .record: return try Self.request(of: await connection.receive(as: Record.self)?.kind)
        case .fields: return try Self.request(of: await connection.receive(as: FieldRecord.self)?.kind)
        }
        let answer = try await connection.receiveBytes()
        guard let answer, let first = answer.getInteger(at: answer.readerIndex, as: UInt8.self), let request = Request(rawValue: first),
            answer.readableBytes == (request == .echo ? echo.readableBytes : 1)
        else {
            throw UnexpectedAnswer(bytes: answer?.readableBytes)
        }
        return request
    }

    private static func request(of kind: UInt8?) throws -> Request {
        guard let request = kind.flatMap(Request.init(rawValue:)) else { throw UnexpectedAnswer() }
        return request
    }

    @inline(__always)
    func roundTrip(_ connection: Connection) async throws {
        try await send(.echo, connection)
        guard try await receive(connection) == .echo else { throw UnexpectedAnswer() }
    }

    /// Returns when the server has read everything before.
    @inline(__always)
    func finish(_ connection: Connection) async throws {
        try await send(.finish, connection)
        guard try await receive(connection) == .answer else { throw UnexpectedAnswer() }
    }
}
