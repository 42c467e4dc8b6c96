/// A whole connection in one line: `[layer+…+]transport://[user[:password]@]authority[/path][?options]`.
///
/// Its description redacts the password, values behind names that sound secret, and whatever was interpolated; so it may be
/// printed and logged. A literal that is no URL cannot throw: the value then holds the error, which ``check()`` and
/// resolution throw. `ConnectionURL("…")` with a literal in place of a variable is such a literal, too.
public struct ConnectionURL: Sendable, Hashable {
    /// The true text, secrets included: never to be printed.
    package let text: String
    /// Byte ranges that came from interpolation.
    package let hidden: [Range<Int>]
    package let parsed: Result<URLParts, PatchbayError>

    package init(text: String, hidden: [Range<Int>]) {
        self.text = text
        self.hidden = hidden
        parsed = Result { () throws(PatchbayError) in try URLParser.parse(text) }
    }

    /// Reads a URL, or one of the short forms: `host:port`, `/path/of.sock`, a node's name.
    /// - Throws: ``PatchbayError`` with `invalidURL` and the column.
    public init(_ text: String) throws {
        self.init(text: text, hidden: [])
        try check()
    }

    /// TCP to a host, which may be an IPv6 address, without brackets.
    /// - Throws: ``PatchbayError`` with `invalidURL`.
    public init(host: String, port: Int) throws {
        try self.init(transport: "tcp", host: host, port: port)
    }

    /// Builds a URL from its parts, each as it is meant: nothing is percent-encoded yet.
    /// - Parameters:
    ///   - layers: names from the application to the wire, without the transport.
    ///   - host: an IPv6 address stands without brackets, with its zone behind `%`.
    ///   - path: with its leading slash.
    /// - Throws: ``PatchbayError`` with `invalidURL`.
    public init(
        layers: [String] = [],
        transport: String,
        user: String? = nil,
        password: String? = nil,
        host: String? = nil,
        port: Int? = nil,
        path: String = "",
        options: [(name: String, value: String)] = []
    ) throws {
        var bytes = (layers + [transport]).map { PercentCoding.encode($0.utf8) }.joined(separator: [UInt8(ascii: "+")]).map { $0 }
        bytes += "://".utf8
        if user != nil || password != nil {
            bytes += PercentCoding.encode((user ?? "").utf8)
            if let password { bytes += [UInt8(ascii: ":")] + PercentCoding.encode(password.utf8) }
            bytes.append(UInt8(ascii: "@"))
        }
        if let host { bytes += HostSyntax.written(host) }
        if let port { bytes += ":\(port)".utf8 }
        bytes += PercentCoding.encode(path.utf8, keeping: UInt8(ascii: "/"))
        for (index, option) in options.enumerated() {
            bytes.append(UInt8(ascii: index == 0 ? "?" : "&"))
            bytes += PercentCoding.encode(option.name.utf8) + [UInt8(ascii: "=")] + PercentCoding.encode(option.value.utf8)
        }
        try self.init(String(decoding: bytes, as: UTF8.self))
    }

    /// Throws what is wrong with a literal.
    /// - Throws: ``PatchbayError`` with `invalidURL` and the column.
    public func check() throws { _ = try parts }

    /// What was written, part by part.
    package var parts: URLParts {
        get throws(PatchbayError) { try parsed.get() }
    }

    /// The names before the transport, as written; nil where the text is no URL.
    public var layers: [String]? { try? parsed.get().layers.map(\.text) }

    /// The transport's name; nil where the text is no URL.
    public var transport: String? { try? parsed.get().transport.text }

    public static func == (left: Self, right: Self) -> Bool { left.text == right.text }

    public func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

/// The parts of a URL, decoded, each with its column: its offset in bytes.
package struct URLParts: Sendable {
    /// A part of a URL and where it begins.
    package struct Written<Content: Sendable>: Sendable {
        package var text: Content
        package var range: Range<Int>

        package var column: Int { range.lowerBound }
    }

    package struct Option: Sendable {
        package var name: Written<String>
        /// Percent-decoded bytes; nil for a name alone.
        package var value: Written<[UInt8]>?
    }

    /// How the text left out its transport.
    package enum ShortForm: Sendable {
        case hostAndPort, path, nodeName
    }

    package var layers: [Written<String>] = []
    package var transport = Written(text: "", range: 0..<0)
    package var shortForm: ShortForm?
    package var user: Written<String>?
    package var password: Written<[UInt8]>?
    package var host: Written<String>?
    package var port: Written<Int>?
    package var path = Written(text: "", range: 0..<0)
    package var options: [Option] = []
}
