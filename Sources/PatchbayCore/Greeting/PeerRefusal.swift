package import NIOCore

/// The content of an ERROR frame: why the sender ends the connection.
package struct PeerRefusal: Sendable {
    /// Bytes of text that are sent, and shown of what a peer sent.
    static let largestMessage = 512
    static let largestStack = 1024

    var code: PatchbayError.Code
    var message: String
    /// The sender's stack, with `stackMismatch`.
    var stack: String?

    /// Codes whose messages speak of the wire alone. Others may name what is the business of this end, such as a file.
    private static let tellable: Set<PatchbayError.Code> = [
        .stackMismatch, .versionMismatch, .protocolViolation, .limitExceeded, .refused, .timedOut,
    ]

    /// What of an error may be told to the peer: never its cause, and of a failed authentication nothing but that.
    init(telling error: PatchbayError, stack: String? = nil) {
        code = error.code
        if Self.tellable.contains(error.code) {
            message = error.message
        } else {
            message = error.code == .authenticationFailed ? "authentication failed" : "a failure at the other end; its log says more"
        }
        self.stack = error.code == .stackMismatch ? stack : nil
    }

    func encoded() -> ByteBuffer {
        var content = ByteBuffer()
        // Each is far below the 65,535 bytes at which writing would throw.
        if let stack { try? GreetingFields.write(.stack, Self.printable(stack, Self.largestStack), into: &content) }
        try? GreetingFields.write(.code, Self.printable(code.rawValue, 48), into: &content)
        try? GreetingFields.write(.message, Self.printable(message, Self.largestMessage), into: &content)
        return content
    }

    /// Reads what a peer sent. Whatever it is, it ends the connection, so what cannot be read is left out.
    init(_ content: ByteBuffer) {
        code = .refused
        message = ""
        var fields = GreetingFields(content)
        while let (kind, value) = try? fields.next() {
            switch kind {
            case .code: code = Self.code(value) ?? code
            case .message: message = Self.printable(String(decoding: value.readableBytesView, as: UTF8.self), Self.largestMessage)
            case .stack: stack = Self.printable(String(decoding: value.readableBytesView, as: UTF8.self), Self.largestStack)
            default: break
            }
        }
    }

    /// What to throw at this end.
    /// - Parameter ownStack: the stack of this end, to name beside the peer's.
    func error(ownStack: String?) -> PatchbayError {
        if code == .stackMismatch, let stack, let ownStack { return Self.mismatch(own: ownStack, peer: stack) }
        let reason = message.isEmpty ? "without a reason" : "and says: \(message)"
        return PatchbayError(
            code,
            "the peer ended the connection \(reason)",
            stage: code == .authenticationFailed ? .authenticate : .handshake
        )
    }

    static func mismatch(own: String, peer: String) -> PatchbayError {
        PatchbayError(
            .stackMismatch,
            "the two ends have different stacks: '\(printable(own, largestStack))' here, '\(printable(peer, largestStack))' at the peer; give both the same layers",
            stage: .handshake
        )
    }

    /// Text of a peer for an error or a log: at most so many bytes, without anything that moves a terminal's cursor.
    package static func printable(_ text: String, _ maximum: Int) -> String {
        var result = String.UnicodeScalarView()
        var bytes = 0
        for scalar in text.unicodeScalars {
            let shown = isPrintable(scalar) ? scalar : "\u{FFFD}"
            bytes += UTF8.width(shown)
            guard bytes <= maximum else { break }
            result.append(shown)
        }
        return String(result)
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return scalar.value >= 0x20 && scalar.value < 0x7f }
        return switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }

    package static func code(_ value: ByteBuffer) -> PatchbayError.Code? {
        let bytes = value.readableBytesView
        let isName = bytes.allSatisfy { ($0 >= 0x61 && $0 <= 0x7a) || ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x2d }
        guard isName, !bytes.isEmpty, bytes.count <= 48 else { return nil }
        return PatchbayError.Code(String(decoding: bytes, as: UTF8.self))
    }
}
