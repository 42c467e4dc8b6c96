internal import PatchbayIO
internal import Synchronization

/// The last lines that a plugin logged, for whoever asks why it failed; each goes to a handler as well.
final class PluginLog: Sendable {
    private struct State {
        var lines: [String] = []
        var handler: (@Sendable (_ level: UInt32, _ line: String) -> Void)?
    }

    static let mostLines = 64
    /// Bytes of a line; the rest is cut off.
    static let longestLine = 1024

    private let state = Locked(State())

    /// Oldest first.
    var lines: [String] { state.withLock { $0.lines } }

    func setHandler(_ handler: (@Sendable (_ level: UInt32, _ line: String) -> Void)?) { state.withLock { $0.handler = handler } }

    func append(level: UInt32, _ text: UnsafeRawBufferPointer) {
        let line = PluginText.printable(text.prefix(Self.longestLine))
        let handler = state.withLock { state in
            if state.lines.count >= Self.mostLines { state.lines.removeFirst() }
            state.lines.append(line)
            return state.handler
        }
        handler?(level, line)
    }
}

/// Text of a plugin, made fit for a terminal.
enum PluginText {
    /// Broken UTF-8 is repaired; control characters, with which a text could rule a terminal, become spaces.
    static func printable(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: bytes.map { $0 < 0x20 || $0 == 0x7F ? 0x20 : $0 }, as: UTF8.self)
    }
}
