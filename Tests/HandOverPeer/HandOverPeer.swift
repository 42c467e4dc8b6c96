internal import Glibc
internal import NIOCore
internal import Patchbay

/// The other process of the tests that hand connections over: `hand-over-peer URL` dials a carrier, takes connections over, one after the
/// other, says each message on a line, and sends its number back. At the end of a connection it says `end`, whom it led to, and its stack.
@main
struct HandOverPeer {
    static func main() async {
        do {
            let carrier = try await Connection.connect(to: try ConnectionURL(CommandLine.arguments[1]))
            while let connection = try await Connection.takeOver(from: carrier) { try await serve(connection) }
            say("over")
        } catch {
            say("error \(error)")
        }
    }

    private static func serve(_ connection: Connection) async throws {
        while let message = try await connection.receiveBytes() {
            let text = String(buffer: message)
            // Numbers may stand before what makes them long.
            let number = text.prefix { $0 != " " }
            say(number)
            try await connection.send(bytes: ByteBuffer(string: "got \(number)"))
        }
        let peer = connection.peer
        say("end \(peer.identity ?? "-") \(peer.user ?? "-") \(peer.data["note"] ?? "-") \(connection.stack?.redactedURL ?? "-")")
        await connection.close()
    }

    /// A line, at once.
    private static func say(_ line: some StringProtocol) {
        let bytes = Array((line + "\n").utf8)
        _ = write(STDOUT_FILENO, bytes, bytes.count)
    }
}
