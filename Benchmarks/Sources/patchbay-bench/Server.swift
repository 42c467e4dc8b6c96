internal import Glibc
internal import NIOCore
internal import Patchbay

/// Prints "ready" once it listens, then serves until it is killed.
func serve(_ url: ConnectionURL, _ registry: Registry, _ values: BenchArguments.Values) async throws {
    let listener = try await Listener.bind(url, registry: registry)
    print("ready")
    fflush(nil)
    switch values {
    case .bytes:
        try await listener.run { connection in
            while let message = try await connection.receiveBytes() {
                switch message.getInteger(at: message.readerIndex, as: UInt8.self) {
                case Request.echo.rawValue: try await connection.send(bytes: message)
                case Request.sink.rawValue: continue
                default: try await connection.send(bytes: ByteBuffer(string: "A"))
                }
            }
        }
    case .record:
        try await listener.run { connection in
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
    case .fields:
        try await listener.run { connection in
            while var record = try await connection.receive(as: FieldRecord.self) {
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
}
