internal import Dispatch
internal import Glibc
internal import Logging
internal import Synchronization

/// A log on standard error, a line for each event: time, level, message, and what belongs to it as `name=value`.
struct StandardErrorLog: LogHandler {
    /// Where lines leave on a thread of its own: a reader that is slow makes no reactor wait.
    final class Output: Sendable {
        private static let most = 1024

        private let queue = DispatchQueue(label: "log")
        private let waiting = Mutex((lines: 0, lost: 0))

        func write(_ line: String) {
            let isTaken = waiting.withLock { waiting in
                guard waiting.lines < Self.most else {
                    waiting.lost += 1
                    return false
                }
                waiting.lines += 1
                return true
            }
            guard isTaken else { return }
            queue.async { [self] in
                Terminal.errors.say(line)
                let lost = waiting.withLock { waiting in
                    waiting.lines -= 1
                    defer { waiting.lost = 0 }
                    return waiting.lost
                }
                if lost > 0 { Terminal.errors.say("\(lost) lines were lost: standard error was too slow") }
            }
        }

        /// Until all has left, but no longer than a second: a reader that has stopped does not keep the program.
        func flush() {
            let done = DispatchSemaphore(value: 0)
            queue.async { done.signal() }
            _ = done.wait(timeout: .now() + .seconds(1))
        }
    }

    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]
    var metadataProvider: Logger.MetadataProvider?
    private let output: Output

    init(output: Output, level: Logger.Level) {
        self.output = output
        logLevel = level
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let pairs = all.sorted { $0.key < $1.key }.map { " \(Terminal.errors.styled($0.key + "=", .dim))\(Self.quoted("\($0.value)"))" }
        let level = Terminal.errors.styled("\(event.level)", Self.style(event.level))
        output.write(
            "\(Terminal.errors.styled(Self.now(), .dim)) \(level) \(Terminal.harmlessLine(event.message.description))\(pairs.joined())"
        )
    }

    private static func style(_ level: Logger.Level) -> Terminal.Style {
        switch level {
        case .trace, .debug: .dim
        case .info, .notice: .cyan
        case .warning: .yellow
        case .error, .critical: .red
        }
    }

    /// A value with spaces, or none at all, stands in quotes.
    private static func quoted(_ value: String) -> String {
        let value = Terminal.harmlessLine(value)
        guard value.isEmpty || value.contains(where: { $0 == " " || $0 == "\"" || $0 == "=" }) else { return value }
        return "\"" + value.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\\\"") + "\""
    }

    /// RFC 3339, in UTC.
    private static func now() -> String {
        var seconds = time(nil)
        var parts = tm()
        var text = [CChar](repeating: 0, count: 32)
        guard gmtime_r(&seconds, &parts) != nil, strftime(&text, text.count, "%Y-%m-%dT%H:%M:%SZ", &parts) > 0 else { return "?" }
        return text.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "?" }
    }
}
