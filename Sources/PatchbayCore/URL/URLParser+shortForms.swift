extension URLParser {
    /// Reads a text without `://` as if `unix://`, `node://` or `tcp://` stood in front of it.
    mutating func inferTransport(_ first: UInt8, upTo query: Int) throws(PatchbayError) {
        let text = bytes[..<query]
        func set(_ form: URLParts.ShortForm, _ transport: String) {
            parts.shortForm = form
            parts.transport = .init(text: transport, range: 0..<0)
        }
        switch first {
        case UInt8(ascii: "/"):
            guard !text.starts(with: "//".utf8) else { throw Self.invalid("a transport is missing, as in tcp://host:port", 0) }
            set(.path, "unix")
        case UInt8(ascii: "@"):
            throw Self.invalid("a name in the abstract namespace is written abstract://name", 0)
        case UInt8(ascii: "."):
            throw Self.invalid("a socket's path is absolute, as in /run/a.sock", 0)
        case UInt8(ascii: "+"):
            throw Self.invalid("a name is missing; layers and transport are joined by +, as in json+tcp://host:port", 0)
        default:
            if let colon = text.firstIndex(of: UInt8(ascii: ":")) {
                if colon + 1 < query, bytes[colon + 1] == UInt8(ascii: "/") {
                    throw Self.invalid("behind the transport come a colon and two slashes, as in tcp://host:port", colon)
                }
                set(.hostAndPort, "tcp")
            } else if NodeName.isValid(text) {
                set(.nodeName, "node")
            } else {
                throw Self.shapeless(text)
            }
        }
    }

    private static func shapeless(_ text: ArraySlice<UInt8>) -> PatchbayError {
        if let plus = text.firstIndex(of: UInt8(ascii: "+")) {
            return invalid("layers, but no transport behind them; write it with ://, as in json+tcp://host:port", plus)
        }
        if let slash = text.firstIndex(of: UInt8(ascii: "/")) {
            return invalid("a socket's path is absolute, as in /run/a.sock; another address needs its transport, as in tcp://", slash)
        }
        let bad = text.firstIndex { !NodeName.admits($0) } ?? min(text.endIndex, NodeName.longest)
        return invalid(
            "neither a URL nor a node's name, which is 1 to \(NodeName.longest) lower-case letters, digits and '-'; a host needs its port, "
                + "as in host:7000",
            bad
        )
    }
}

/// The names of nodes: `[a-z0-9-]{1,48}`.
package enum NodeName {
    package static let longest = 48

    package static func isValid(_ bytes: some Collection<UInt8>) -> Bool {
        !bytes.isEmpty && bytes.count <= longest && bytes.allSatisfy(admits)
    }

    static func admits(_ byte: UInt8) -> Bool { byte.isLowerCase || byte.isDigit || byte == UInt8(ascii: "-") }
}
