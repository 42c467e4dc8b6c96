/// The strict parser of connection URLs, RFC 3986 over bytes, with the short forms in front of it.
///
/// Its messages never quote what may be part of a secret: a mistyped URL can have its password anywhere.
struct URLParser {
    /// The longest text that is looked at, in bytes.
    static let longest = 65_536
    /// How many names may stand before `://`.
    static let mostNames = 64

    let bytes: [UInt8]
    var parts = URLParts()

    static func parse(_ text: String) throws(PatchbayError) -> URLParts {
        guard text.utf8.count <= longest else { throw invalid("a connection URL has at most \(longest) bytes", longest) }
        var parser = URLParser(bytes: Array(text.utf8))
        try parser.parse()
        return parser.parts
    }

    static func invalid(_ message: String, _ column: Int) -> PatchbayError {
        PatchbayError(.invalidURL, message, stage: .resolve, column: column)
    }

    private mutating func parse() throws(PatchbayError) {
        guard let first = bytes.first else {
            throw Self.invalid("the URL is empty; leave it out (nil) for this node, or write transport://…", 0)
        }
        if bytes.starts(with: #"\\"#.utf8) {
            throw Self.invalid(
                #"\\server\pipe\name is a Windows pipe, and those exist on Windows only; use unix:///path or tcp://host:port"#,
                0
            )
        }
        if let fragment = bytes.firstIndex(of: UInt8(ascii: "#")) {
            throw Self.invalid("a connection URL has no fragment; write # as %23", fragment)
        }
        let query = bytes.firstIndex(of: UInt8(ascii: "?")) ?? bytes.count
        let start: Int
        if let separator = separator(before: query) {
            try parseNames(0..<separator)
            start = separator + 3
        } else {
            try inferTransport(first, upTo: query)
            start = 0
        }
        let pathStart = bytes[start..<query].firstIndex(of: UInt8(ascii: "/")) ?? query
        try parseAuthority(start..<pathStart)
        try parsePath(pathStart..<query)
        if query < bytes.count { try parseOptions(query + 1) }
    }

    /// Where `://` stands, if what is before it can only be names.
    private func separator(before end: Int) -> Int? {
        guard let colon = bytes[..<end].firstIndex(of: UInt8(ascii: ":")), colon + 2 < end,
            bytes[colon + 1] == UInt8(ascii: "/"), bytes[colon + 2] == UInt8(ascii: "/"),
            !bytes[..<colon].contains(UInt8(ascii: "/"))
        else { return nil }
        return colon
    }

    // MARK: Names

    private mutating func parseNames(_ range: Range<Int>) throws(PatchbayError) {
        var names: [URLParts.Written<String>] = []
        var start = range.lowerBound
        for index in range.lowerBound...range.upperBound where index == range.upperBound || bytes[index] == UInt8(ascii: "+") {
            names.append(.init(text: try name(start..<index), range: start..<index))
            guard names.count <= Self.mostNames else {
                throw Self.invalid("more than \(Self.mostNames) names before ://", start)
            }
            start = index + 1
        }
        parts.transport = names.removeLast()
        parts.layers = names
    }

    private func name(_ range: Range<Int>) throws(PatchbayError) -> String {
        guard let first = range.first else {
            throw Self.invalid("a name is missing; layers and transport are joined by +, as in json+tcp://host:port", range.lowerBound)
        }
        for index in range {
            let byte = bytes[index]
            if byte.isLowerCase || (index > first && (byte.isDigit || byte == UInt8(ascii: "-"))) { continue }
            throw Self.invalid(
                "names of layers and transports are lower-case letters, digits and '-', and begin with a letter, as in json+tcp://",
                index
            )
        }
        return string(range)
    }

    // MARK: Authority

    private mutating func parseAuthority(_ range: Range<Int>) throws(PatchbayError) {
        var hostStart = range.lowerBound
        if let at = bytes[range].lastIndex(of: UInt8(ascii: "@")) {
            try parseUserInformation(range.lowerBound..<at)
            hostStart = at + 1
        }
        let rest = hostStart..<range.upperBound
        let hostEnd: Int
        if rest.first.map({ bytes[$0] }) == UInt8(ascii: "[") {
            guard let close = bytes[rest].firstIndex(of: UInt8(ascii: "]")) else {
                throw Self.invalid("the IPv6 address has no closing ]", hostStart)
            }
            let host = try HostSyntax.literal(bytes, hostStart + 1..<close)
            parts.host = .init(text: host, range: hostStart..<close + 1)
            hostEnd = close + 1
            guard hostEnd == range.upperBound || bytes[hostEnd] == UInt8(ascii: ":") else {
                throw Self.invalid("behind ] comes :port, the path, options, or nothing", hostEnd)
            }
        } else {
            hostEnd = bytes[rest].firstIndex(of: UInt8(ascii: ":")) ?? range.upperBound
            if hostStart < hostEnd {
                let host = try HostSyntax.registeredName(bytes, hostStart..<hostEnd)
                parts.host = .init(text: host, range: hostStart..<hostEnd)
            }
        }
        if hostEnd < range.upperBound { try parsePort(hostEnd + 1..<range.upperBound) }
    }

    private mutating func parseUserInformation(_ range: Range<Int>) throws(PatchbayError) {
        let colon = bytes[range].firstIndex(of: UInt8(ascii: ":"))
        let user = range.lowerBound..<(colon ?? range.upperBound)
        let place = "the user and password"
        if !user.isEmpty {
            parts.user = .init(text: try decodeText(user, in: place) { _ in false }, range: user)
        }
        if let colon {
            let password = colon + 1..<range.upperBound
            parts.password = .init(text: try decode(password, in: place) { $0 == UInt8(ascii: ":") }, range: password)
        }
    }

    private mutating func parsePort(_ range: Range<Int>) throws(PatchbayError) {
        guard !range.isEmpty else { throw Self.invalid("the port is missing behind ':'", range.lowerBound) }
        var port = 0
        for index in range {
            guard bytes[index].isDigit else {
                throw Self.invalid(
                    "a port is a number from 0 to 65535; an IPv6 address stands in [ ], and in a password / ? # @ and [ ] are "
                        + "percent-encoded",
                    index
                )
            }
            port = min(port * 10 + Int(bytes[index] - 0x30), 65536)
        }
        guard port <= 65535, range.count <= 5 else { throw Self.invalid("a port is a number from 0 to 65535", range.lowerBound) }
        parts.port = .init(text: port, range: range)
    }

    // MARK: Path and options

    private mutating func parsePath(_ range: Range<Int>) throws(PatchbayError) {
        // `tcp://user:12/34@host` has a slash in its password: as a path it would be dialled, and printed.
        if parts.password == nil, parts.host != nil || parts.port != nil,
            let at = bytes[range].firstIndex(of: UInt8(ascii: "@"))
        {
            throw Self.invalid("an @ behind the host: write / in a password as %2F, and @ in a path as %40", at)
        }
        let text = try decodeText(range, in: "the path") {
            $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "@")
        }
        parts.path = .init(text: text, range: range)
    }

    private mutating func parseOptions(_ start: Int) throws(PatchbayError) {
        var itemStart = start
        for index in start...bytes.count where index == bytes.count || bytes[index] == UInt8(ascii: "&") {
            let item = itemStart..<index
            let equals = bytes[item].firstIndex(of: UInt8(ascii: "="))
            let name = item.lowerBound..<(equals ?? item.upperBound)
            guard !name.isEmpty else {
                throw Self.invalid("an option is missing; options are name=value, joined by &", item.lowerBound)
            }
            if let bad = name.first(where: { !bytes[$0].isUnreserved && bytes[$0] != UInt8(ascii: "%") }) {
                throw Self.invalid(
                    "not a character of an option's name; percent-encode it, and / ? # @ in a password as well",
                    bad
                )
            }
            var option = URLParts.Option(name: .init(text: try decodeText(name, in: "an option") { _ in false }, range: name))
            if let equals {
                let value = equals + 1..<item.upperBound
                let decoded = try decode(value, in: "an option") {
                    $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: "@") || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?")
                }
                option.value = .init(text: decoded, range: value)
            }
            parts.options.append(option)
            itemStart = index + 1
        }
    }

    // MARK: Bytes

    func string(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

    private func decode(
        _ range: Range<Int>,
        in place: String,
        also allowed: (UInt8) -> Bool
    ) throws(PatchbayError) -> [UInt8] {
        try Self.decode(bytes, range, in: place, also: allowed)
    }

    private func decodeText(
        _ range: Range<Int>,
        in place: String,
        also allowed: (UInt8) -> Bool
    ) throws(PatchbayError) -> String {
        try Self.decodeText(bytes, range, in: place, also: allowed)
    }

    /// Decodes bytes that are unreserved, sub-delimiters, percent-encoded, or allowed here.
    static func decode(
        _ bytes: [UInt8],
        _ range: Range<Int>,
        in place: String,
        also allowed: (UInt8) -> Bool
    ) throws(PatchbayError) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            let byte = bytes[index]
            if byte.isUnreserved || byte.isSubDelimiter || allowed(byte) {
                result.append(byte)
                index += 1
            } else if byte == UInt8(ascii: "%") {
                guard range.upperBound - index > 2, let high = bytes[index + 1].hexadecimalValue,
                    let low = bytes[index + 2].hexadecimalValue
                else { throw invalid("behind % come two hexadecimal digits; % itself is %25", index) }
                guard high | low != 0 else {
                    throw invalid("%00 cannot stand in a URL; for a key with such a byte use the option that reads a file", index)
                }
                result.append(high << 4 | low)
                index += 3
            } else {
                throw invalid("not a character of a URL; percent-encode it in \(place)", index)
            }
        }
        return result
    }

    static func decodeText(
        _ bytes: [UInt8],
        _ range: Range<Int>,
        in place: String,
        also allowed: (UInt8) -> Bool
    ) throws(PatchbayError) -> String {
        let decoded = try decode(bytes, range, in: place, also: allowed)
        guard let text = String(validating: decoded, as: UTF8.self) else {
            throw invalid("\(place) must be UTF-8 once percent-decoded", range.lowerBound)
        }
        return text
    }
}
