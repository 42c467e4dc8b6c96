internal import Glibc
internal import NIOCore
internal import Patchbay

/// What the first byte of a message asks of the server.
enum Request {
    static let echo = UInt8(ascii: "E")
    static let sink = UInt8(ascii: "S")
    static let finish = UInt8(ascii: "F")
}

/// Prints "ready" once it listens, then serves until it is killed.
func serve(_ url: ConnectionURL) async throws {
    let listener = try await Listener.bind(url)
    print("ready")
    fflush(nil)
    try await listener.run { connection in
        while let message = try await connection.receiveBytes() {
            switch message.getInteger(at: message.readerIndex, as: UInt8.self) {
            case Request.echo: try await connection.send(bytes: message)
            case Request.sink: continue
            default: try await connection.send(bytes: ByteBuffer(string: "A"))
            }
        }
    }
}
