internal import NIOCore
internal import Patchbay

/// Sends the messages of the command line, or the lines of standard input, and then ends this direction.
struct MessageSending: Sendable {
    var printing: MessagePrinting
    /// Nil: standard input.
    var messages: [String]?

    func run(_ connection: Connection) async throws {
        // How they are printed does not matter here.
        let notation = MessageNotation(connection, form: nil, terminal: .output)
        var number = 0
        func send(_ line: ByteBuffer, _ subject: String) async throws {
            number += 1
            do {
                try await notation.send(line, to: connection)
            } catch let error as PatchbayError where error.code == .encodingFailed || error.code == .decodingFailed {
                printing.report("\(subject) \(number)", error)
            }
        }
        if let messages {
            for message in messages { try await send(ByteBuffer(string: message), "--send") }
        } else {
            let input = StandardInput()
            while let lines = try await input.lines() {
                for line in lines { try await send(line, "input line") }
                // A lone line must not wait for the next one.
                connection.flush()
            }
        }
        try await connection.finishSending()
    }
}
