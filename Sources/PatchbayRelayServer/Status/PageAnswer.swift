internal import NIOCore

/// An HTTP/1.1 answer, whole.
struct PageAnswer: Sendable {
    var status = "200 OK"
    var type: String
    var content: String

    init(type: String, _ content: String) {
        self.type = type
        self.content = content
    }

    init(_ refusal: PageRefusal) {
        status = refusal.rawValue
        type = "text/plain; charset=utf-8"
        let advice =
            switch refusal {
            case .misdirected: "; ask for this page as localhost or 127.0.0.1, or start the relay with --status-anywhere"
            case .methodNotAllowed: "; there is GET and HEAD"
            case .notFound: "; there is /, /status.json and /metrics"
            case .busy: "; try again"
            default: ""
            }
        content = refusal.rawValue + advice + "\n"
    }

    /// - Parameter isHead: without the content.
    func encoded(isHead: Bool) -> ByteBuffer {
        let bytes = ByteBuffer(string: content)
        var buffer = ByteBuffer()
        buffer.writeString("HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\nContent-Length: \(bytes.readableBytes)\r\nConnection: close\r\n")
        if status == PageRefusal.methodNotAllowed.rawValue { buffer.writeString("Allow: GET, HEAD\r\n") }
        // Nothing runs, nothing is loaded, nobody frames it, and nobody keeps what is old in a moment.
        buffer.writeString(
            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nReferrer-Policy: no-referrer\r\n"
                + "Content-Security-Policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\r\n"
        )
        if !isHead { buffer.writeImmutableBuffer(bytes) }
        return buffer
    }
}
