/// The head of an HTTP/1 request (RFC 9112), as far as a server of a few pages needs it.
struct PageRequest: Sendable, Equatable {
    /// Without its query.
    var path: String
    /// The answer goes without its content.
    var isHead: Bool
    /// As the client called this server, without a port; nil in HTTP/1.0 alone.
    var host: String?

    /// The largest head, in bytes.
    static let largest = 8192

    /// Bytes up to the end of the head; nil where it has not come yet.
    static func end(of bytes: some Collection<UInt8>) -> Int? {
        var matched = 0
        for (offset, byte) in bytes.enumerated() {
            let due: UInt8 = matched.isMultiple(of: 2) ? 13 : 10
            matched = byte == due ? matched + 1 : byte == 13 ? 1 : 0
            if matched == 4 { return offset + 1 }
        }
        return nil
    }

    /// - Throws: the refusal to answer with.
    init(head: some Collection<UInt8>) throws(PageRefusal) {
        guard let text = String(validating: head, as: UTF8.self) else { throw .badRequest }
        // CR LF is one character.
        let lines = text.split(separator: "\r\n", omittingEmptySubsequences: true)
        guard let first = lines.first, !text.unicodeScalars.contains(where: { $0.value == 0 }) else { throw .badRequest }
        let parts = first.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, let target = parts[1].first else { throw .badRequest }
        guard parts[2] == "HTTP/1.1" || parts[2] == "HTTP/1.0" else {
            throw parts[2].hasPrefix("HTTP/") ? .versionNotSupported : .badRequest
        }
        guard parts[0] == "GET" || parts[0] == "HEAD" else { throw .methodNotAllowed }
        guard target == "/" else { throw .badRequest }
        isHead = parts[0] == "HEAD"
        path = String(parts[1].prefix { $0 != "?" })
        var hosts: [Substring] = []
        for line in lines.dropFirst() {
            guard let colon = line.firstIndex(of: ":"), colon > line.startIndex, line[..<colon].utf8.allSatisfy(Self.isOfAToken) else {
                throw .badRequest
            }
            guard line[..<colon].lowercased() == "host" else { continue }
            hosts.append(line[line.index(after: colon)...])
        }
        guard hosts.count == 1 || (hosts.isEmpty && parts[2] == "HTTP/1.0") else { throw .badRequest }
        host = hosts.first.map(Self.withoutPort)
    }

    private static func isOfAToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }

    private static func withoutPort(_ value: Substring) -> String {
        let host = value.drop { $0 == " " || $0 == "\t" }.lowercased()
        if host.hasPrefix("[") { return String(host.prefix { $0 != "]" }) + "]" }
        return String(host.prefix { $0 != ":" && $0 != " " && $0 != "\t" })
    }

    /// The client called this server by a name that only this machine can mean. A page of a stranger's, whose name resolves to 127.0.0.1,
    /// is read under the stranger's name.
    var meansThisMachine: Bool {
        guard let host else { return true }
        if host == "localhost" || host == "[::1]" { return true }
        let numbers = host.split(separator: ".", omittingEmptySubsequences: false)
        return numbers.count == 4 && numbers[0] == "127" && numbers.allSatisfy { UInt8($0) != nil }
    }
}

/// An answer that is no page.
enum PageRefusal: String, Error, Sendable, CaseIterable {
    case badRequest = "400 Bad Request"
    case notFound = "404 Not Found"
    case methodNotAllowed = "405 Method Not Allowed"
    case timedOut = "408 Request Timeout"
    case misdirected = "421 Misdirected Request"
    case tooLarge = "431 Request Header Fields Too Large"
    case failed = "500 Internal Server Error"
    case busy = "503 Service Unavailable"
    case versionNotSupported = "505 HTTP Version Not Supported"
}
