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

/// Messages as an application has them: bytes, or values.
protocol MessageForm: Sendable {
    /// - Parameter size: of a message, in bytes, where the form lets it be chosen.
    init(size: Int)
    /// Messages of 64 B, or what comes near.
    static var small: Self { get }
    /// The bytes of a message on the wire, without its frame.
    func bytes(_ connection: Connection) throws -> Int
    func send(_ request: Request, _ connection: Connection) async throws
    /// Receives an answer, whole.
    func receive(_ connection: Connection) async throws -> Request
    /// Answers one connection until its peer ends it.
    static func serve(_ connection: Connection) async throws
}

struct UnexpectedAnswer: Error {
    var bytes: Int?
}

extension MessageForm {
    func roundTrip(_ connection: Connection) async throws {
        try await send(.echo, connection)
        guard try await receive(connection) == .echo else { throw UnexpectedAnswer() }
    }

    /// Returns when the server has read everything before.
    func finish(_ connection: Connection) async throws {
        try await send(.finish, connection)
        guard try await receive(connection) == .answer else { throw UnexpectedAnswer() }
    }
}

struct BytesForm: MessageForm {
    private let echo: ByteBuffer
    private let sink: ByteBuffer
    private static let finish = ByteBuffer(bytes: [Request.finish.rawValue])
    private static let answer = ByteBuffer(bytes: [Request.answer.rawValue])
    static let small = BytesForm(size: 64)

    init(size: Int) {
        var message = ByteBuffer(repeating: UInt8(ascii: "x"), count: max(size, 1))
        message.setInteger(Request.echo.rawValue, at: 0)
        echo = message
        message.setInteger(Request.sink.rawValue, at: 0)
        sink = message
    }

    func bytes(_ connection: Connection) -> Int { echo.readableBytes }

    func send(_ request: Request, _ connection: Connection) async throws {
        switch request {
        case .echo: try await connection.send(bytes: echo)
        case .sink: try await connection.send(bytes: sink)
        case .finish, .answer: try await connection.send(bytes: Self.finish)
        }
    }

    func receive(_ connection: Connection) async throws -> Request {
        let answer = try await connection.receiveBytes()
        guard let answer, let first = answer.getInteger(at: answer.readerIndex, as: UInt8.self), let request = Request(rawValue: first),
            answer.readableBytes == (request == .echo ? echo.readableBytes : 1)
        else {
            throw UnexpectedAnswer(bytes: answer?.readableBytes)
        }
        return request
    }

    static func serve(_ connection: Connection) async throws {
        while let message = try await connection.receiveBytes() {
            switch message.getInteger(at: message.readerIndex, as: UInt8.self) {
            case Request.echo.rawValue: try await connection.send(bytes: message)
            case Request.sink.rawValue: continue
            default: try await connection.send(bytes: answer)
            }
        }
    }
}

/// A small record: some 60 bytes in MessagePack, which is what the rows of 64 B are compared with.
struct RecordForm: MessageForm {
    struct Record: Codable {
        var kind: UInt8
        var id: Int
        var name: String
        var load: Double
        var done: Bool
    }

    static let small = RecordForm(size: 64)

    init(size: Int) {}

    private func record(_ request: Request) -> Record {
        Record(kind: request.rawValue, id: 4711, name: "worker-17.example", load: 0.75, done: false)
    }

    func bytes(_ connection: Connection) throws -> Int {
        var message = ByteBuffer()
        try connection.codec.encode(record(.echo), into: &message)
        return message.readableBytes
    }

    func send(_ request: Request, _ connection: Connection) async throws { try await connection.send(record(request)) }

    func receive(_ connection: Connection) async throws -> Request {
        guard let record = try await connection.receive(as: Record.self), let request = Request(rawValue: record.kind) else {
            throw UnexpectedAnswer()
        }
        return request
    }

    static func serve(_ connection: Connection) async throws {
        while var record = try await connection.receive(as: Record.self) {
            switch record.kind {
            case Request.echo.rawValue: try await connection.send(record)
            case Request.sink.rawValue: continue
            default:
                record.kind = Request.answer.rawValue
                try await connection.send(record)
            }
        }
    }
}
