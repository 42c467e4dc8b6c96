internal import NIOCore
internal import Patchbay
internal import Synchronization

/// Prints what connections receive, until their ends or until there were enough messages.
final class MessagePrinting: Sendable {
    /// Messages printed at once at most.
    private static let batch = 256

    private let form: MessageForm?
    private let count: Int?
    private let timeout: Duration?
    private let output: MessageOutput
    /// Messages still wanted; nil without an end.
    private let wanted: Mutex<Int?>
    private let failed = Atomic(false)

    init(form: MessageForm?, count: Int?, timeout: Duration? = nil, output: MessageOutput) {
        self.form = form
        self.count = count
        self.timeout = timeout
        self.output = output
        wanted = Mutex(count)
    }

    /// There were as many messages as were wanted.
    var isDone: Bool { wanted.withLock { $0.map { $0 <= 0 } ?? false } }

    /// How many are missing yet, and how many were wanted; nil where none are.
    var missing: (count: Int, of: Int)? {
        guard let left = wanted.withLock({ $0 }), let count, left > 0 else { return nil }
        return (left, count)
    }

    /// A message could not be decoded or encoded.
    var hasFailed: Bool { failed.load(ordering: .relaxed) }

    /// Tells of a message that could not be decoded or encoded.
    func report(_ subject: String, _ error: any Error) {
        failed.store(true, ordering: .relaxed)
        ErrorReport.note(subject, error)
    }

    /// - Parameters:
    ///   - origin: where messages come from, for errors, behind their number.
    ///   - echo: send each message back.
    func run(_ connection: Connection, origin: String = "", echo: Bool = false) async throws {
        let notation = MessageNotation(connection, form: form, terminal: output.terminal)
        var number = 0
        var lines = ByteBuffer()
        while !isDone {
            guard let first = try await connection.receiveBytes(timeout: timeout) else { return }
            var messages = [first]
            var failure: (any Error)?
            do {
                _ = try connection.receiveAvailable(limit: Self.batch - 1) { messages.append($0) }
            } catch {
                // Thrown once the messages before it are printed.
                failure = error
            }
            lines.clear()
            for message in messages where take() {
                number += 1
                do { try notation.print(message, into: &lines) } catch { report("message \(number)\(origin)", error) }
            }
            try await output.write(lines)
            if echo { for message in messages { try await connection.send(bytes: message) } }
            if let failure { throw failure }
        }
    }

    private func take() -> Bool {
        wanted.withLock { wanted in
            guard let count = wanted else { return true }
            guard count > 0 else { return false }
            wanted = count - 1
            return true
        }
    }
}
