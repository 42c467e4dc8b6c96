internal import Patchbay

/// Errors as people read them: what happened, where in the URL, what was tried.
enum ErrorReport {
    /// - Parameters:
    ///   - url: printed, as it may be seen, with a mark at the error's column.
    ///   - advice: what this program can do about it.
    static func show(_ error: any Error, url: ConnectionURL? = nil, advice: String? = nil) {
        // The command ends because it was told to: nothing went wrong. A closed output is told by the exit code alone.
        if error is CancellationError || (error as? StandardStreamFailure)?.isClosedOutput == true { return }
        let terminal = Terminal.errors
        var lines = TextLayout.wrapped("Error: " + words(error), width: terminal.width)
        if let first = lines.first, first.hasPrefix("Error:") {
            lines[0] = terminal.styled("Error:", .red) + first.dropFirst("Error:".count)
        }
        if let error = error as? PatchbayError {
            if let url, let column = error.column { lines += pointer(to: column, in: url, terminal) }
            lines += error.attempts.map { "  tried \($0.target): \(words($0.error))" }
        }
        if let advice { lines += TextLayout.wrapped(advice, width: terminal.width) }
        terminal.say(lines.joined(separator: "\n"))
    }

    /// Tells of one message or one peer; the command goes on.
    static func note(_ subject: String, _ error: any Error) {
        if error is CancellationError { return }
        Terminal.errors.say(Terminal.errors.styled("\(subject):", .yellow) + " " + words(error))
    }

    private static func words(_ error: any Error) -> String {
        Terminal.harmless((error as? PatchbayError)?.message ?? "\(error)")
    }

    private static func pointer(to column: Int, in url: ConnectionURL, _ terminal: Terminal) -> [String] {
        let shown = url.description
        guard shown != "…" else { return [] }
        let before = String(decoding: shown.utf8.prefix(url.columnInDescription(column)), as: UTF8.self)
        // A text that could not be read is cut short in print; the mark stands at the cut at the latest.
        let offset = min(before.count, shown.hasSuffix("…") ? shown.count - 1 : shown.count)
        return ["  " + Terminal.harmless(shown), "  " + String(repeating: " ", count: offset) + terminal.styled("^", .red)]
    }
}
