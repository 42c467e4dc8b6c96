internal import Glibc
internal import NIOCore

/// One of the standard streams, and what it can show.
struct Terminal: Sendable {
    enum Style: String {
        case bold = "1"
        case dim = "2"
        case red = "1;31"
        case yellow = "33"
        case cyan = "36"
    }

    static let output = Terminal(descriptor: 1)
    static let errors = Terminal(descriptor: 2)

    let descriptor: CInt
    let isTerminal: Bool
    let hasColor: Bool

    init(descriptor: CInt) {
        self.descriptor = descriptor
        isTerminal = isatty(descriptor) == 1
        // https://no-color.org: set and not empty.
        let isPlain = Self.variable("NO_COLOR").map { !$0.isEmpty } ?? false
        hasColor = isTerminal && !isPlain && Self.variable("TERM") != "dumb"
    }

    /// Columns; nil where lines may be as long as they are, because a program reads them.
    var width: Int? {
        guard isTerminal else { return nil }
        var size = winsize()
        if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
        return Self.variable("COLUMNS").flatMap { Int($0) } ?? 80
    }

    func styled(_ text: String, _ style: Style) -> String { hasColor ? "\u{1B}[\(style.rawValue)m\(text)\u{1B}[0m" : text }

    private static func variable(_ name: String) -> String? { getenv(name).flatMap { String(validatingCString: $0) } }

    /// The text without what could steer a terminal: control characters become `\u00XX`; line ends and tabs stay.
    static func harmless(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: isControl) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if isControl(scalar) {
                let digits = String(scalar.value, radix: 16)
                result.append(contentsOf: "\\u00\(scalar.value < 16 ? "0" : "")\(digits)".unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    /// The same for text that came from a file and is to stay in its line.
    static func harmlessLine(_ text: String) -> String {
        harmless(text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\t" || $0 == "\r\n" }.joined(separator: " "))
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        (scalar.value < 0x20 && scalar != "\n" && scalar != "\t") || (0x7F...0x9F).contains(scalar.value)
    }
}

extension Terminal {
    /// Writes a line of the program's own, at once: for errors, notes and prompts. A stream that is closed takes nothing.
    func say(_ text: String, terminator: String = "\n") {
        try? BlockingWriter.write(ByteBuffer(string: text + terminator), to: descriptor)
    }
}
