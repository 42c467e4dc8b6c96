internal import Glibc

/// Hosts: IPv6 literals with a zone (RFC 6874), IPv4 addresses, and registered names.
enum HostSyntax {
    /// What stands between `[` and `]`; the zone comes back behind a plain `%`.
    static func literal(_ bytes: [UInt8], _ range: Range<Int>) throws(PatchbayError) -> String {
        let zoneMark = bytes[range].firstIndex(of: UInt8(ascii: "%")) ?? range.upperBound
        let address = String(decoding: bytes[range.lowerBound..<zoneMark], as: UTF8.self)
        guard isIPv6(address) else {
            throw URLParser.invalid("not an IPv6 address; in [ ] stands one such as [::1] or [fe80::1%25eth0]", range.lowerBound)
        }
        guard zoneMark < range.upperBound else { return address }
        guard bytes[zoneMark..<range.upperBound].starts(with: "%25".utf8) else {
            throw URLParser.invalid("a zone stands behind %25, as in [fe80::1%25eth0]", zoneMark)
        }
        let zone = zoneMark + 3..<range.upperBound
        guard !zone.isEmpty else { throw URLParser.invalid("the zone is missing behind %25", zone.lowerBound) }
        if let bad = zone.first(where: { !bytes[$0].isUnreserved && bytes[$0] != UInt8(ascii: "%") }) {
            throw URLParser.invalid("not a character of a zone; percent-encode it", bad)
        }
        return address + "%" + (try URLParser.decodeText(bytes, zone, in: "the zone") { _ in false })
    }

    /// A name, or an IPv4 address: four numbers with dots are never taken for a name.
    static func registeredName(_ bytes: [UInt8], _ range: Range<Int>) throws(PatchbayError) -> String {
        let text = bytes[range]
        if text.allSatisfy({ $0.isDigit || $0 == UInt8(ascii: ".") }), text.count(where: { $0 == UInt8(ascii: ".") }) == 3,
            !isIPv4(text)
        {
            throw URLParser.invalid("not an IPv4 address: four numbers from 0 to 255, without leading zeros", range.lowerBound)
        }
        return try URLParser.decodeText(bytes, range, in: "the host") { _ in false }
    }

    /// RFC 3986's IPv4address: no leading zeros, which some systems read as octal.
    static func isIPv4(_ text: ArraySlice<UInt8>) -> Bool {
        let numbers = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        return numbers.count == 4
            && numbers.allSatisfy { number in
                guard let first = number.first, number.count <= 3, number.allSatisfy(\.isDigit) else { return false }
                return (number.count == 1 || first != UInt8(ascii: "0")) && number.reduce(0) { $0 * 10 + Int($1 - 0x30) } <= 255
            }
    }

    static func isIPv6(_ text: String) -> Bool { ipv6(text) != nil }

    private static func ipv6(_ text: String) -> in6_addr? {
        guard text.utf8.count <= 45, text.utf8.allSatisfy({ $0.hexadecimalValue != nil || $0 == 0x3A || $0 == 0x2E }) else { return nil }
        var address = in6_addr()
        return inet_pton(AF_INET6, text, &address) == 1 ? address : nil
    }

    /// The host reaches this machine alone: `localhost` and names below it (RFC 6761), 127.0.0.0/8, `::1`.
    static func isLoopback(_ host: String) -> Bool {
        let lower = host.lowercased()
        if lower == "localhost" || lower.hasSuffix(".localhost") { return true }
        let bytes = Array(host.utf8)
        if isIPv4(bytes[...]) { return host.hasPrefix("127.") }
        let withoutZone = host.prefix { $0 != "%" }
        guard let address = ipv6(String(withoutZone)) else { return false }
        return withUnsafeBytes(of: address) { raw in
            let mapped = raw[..<10].allSatisfy { $0 == 0 } && raw[10] == 0xFF && raw[11] == 0xFF
            return mapped ? raw[12] == 127 : raw[..<15].allSatisfy { $0 == 0 } && raw[15] == 1
        }
    }

    /// A host as it stands in a URL: percent-encoded, an IPv6 address in brackets.
    static func written(_ host: String) -> [UInt8] {
        let address = host.utf8.prefix { $0 != UInt8(ascii: "%") }
        guard isIPv6(String(address) ?? "") else { return PercentCoding.encode(host.utf8) }
        let zone = host.utf8.dropFirst(address.count + 1)
        return [UInt8(ascii: "[")] + PercentCoding.encode(address, keeping: UInt8(ascii: ":"))
            + (zone.isEmpty ? [] : Array("%25".utf8) + PercentCoding.encode(zone)) + [UInt8(ascii: "]")]
    }
}
