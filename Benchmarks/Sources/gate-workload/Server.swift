internal import CGateMarks
internal import Glibc
internal import NIOCore
internal import Patchbay

/// What the first byte of a message asks of the server.
enum Request {
    static let echo = UInt8(ascii: "E")
    static let sink = UInt8(ascii: "S")
    static let finish = UInt8(ascii: "F")
    static let quit = UInt8(ascii: "Q")
}

/// Prints the URL to dial once it listens, and serves until a client asks it to quit.
func serveMessages(_ url: ConnectionURL) async throws {
    try await listening(url).run { connection in
        while let message = try await connection.receiveBytes() {
            switch message.getInteger(at: message.readerIndex, as: UInt8.self) {
            case Request.echo:
                gate_waste()
                try await connection.send(bytes: message)
            case Request.sink: gate_waste()
            case Request.finish: try await connection.send(bytes: ByteBuffer(string: "A"))
            default: exit(0)
            }
        }
    }
}

/// Prints the URL to dial once it listens, decodes the records of one connection, and ends with it.
func serveRecords(_ url: ConnectionURL) async throws {
    try await listening(url).run { connection in
        while let record = try await connection.receive(as: FlatRecord.self) {
            gate_waste()
            if record.number == Record.last { try await connection.send(record) }
        }
        exit(0)
    }
}

private func listening(_ url: ConnectionURL) async throws -> Listener {
    let listener = try await Listener.bind(url)
    print("ready \(listener.url)")
    fflush(nil)
    return listener
}
