extension ConnectionURL: CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    /// The URL with `***` for each secret and each interpolated value; of a text that is no URL, no more than its names.
    public var description: String { redacted(hiding: []) }

    public var debugDescription: String { description }

    public var customMirror: Mirror { Mirror(self, children: ["url": description]) }

    /// Where a column of the true text stands in the description, to point at it.
    public func columnInDescription(_ column: Int) -> Int {
        guard case .success(let parts) = parsed else { return min(column, description.utf8.count) }
        var shift = 0
        for range in hiddenRanges(parts, and: [], depth: 0) where range.lowerBound < column {
            shift += Redaction.mark.utf8.count - (min(range.upperBound, column) - range.lowerBound)
            if column < range.upperBound { return range.lowerBound + shift - Redaction.mark.utf8.count + (column - range.lowerBound) }
        }
        return column + shift
    }

    /// The description, with more ranges hidden: those that the registry knows to be secret.
    package func redacted(hiding more: [Range<Int>], depth: Int = 0) -> String {
        guard case .success(let parts) = parsed else { return redactedInvalid }
        var result: [UInt8] = []
        let bytes = Array(text.utf8)
        var index = 0
        for range in hiddenRanges(parts, and: more, depth: depth) {
            result += bytes[index..<range.lowerBound]
            result += Redaction.mark.utf8
            index = range.upperBound
        }
        result += bytes[index...]
        return String(decoding: result, as: UTF8.self)
    }

    /// Whether any byte of the range was interpolated.
    package func hides(_ range: Range<Int>) -> Bool {
        hidden.contains { $0.overlaps(range) || ($0.isEmpty && range.contains($0.lowerBound)) || (range.isEmpty && $0 == range) }
    }

    /// All that is not to be printed, in order, without overlaps.
    private func hiddenRanges(_ parts: URLParts, and more: [Range<Int>], depth: Int) -> [Range<Int>] {
        var ranges = hidden + more
        if let password = parts.password { ranges.append(password.range) }
        for option in parts.options {
            guard let value = option.value else { continue }
            if Redaction.soundsSecret(option.name.text) || Redaction.holdsSecretURL(value.text, depth: depth) {
                ranges.append(value.range)
            }
        }
        ranges.sort { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
        var merged: [Range<Int>] = []
        for range in ranges {
            if let last = merged.last, range.lowerBound < last.upperBound || range == last {
                merged[merged.count - 1] = last.lowerBound..<max(last.upperBound, range.upperBound)
            } else {
                merged.append(range)
            }
        }
        return merged
    }

    /// A text that could not be parsed may have its password anywhere behind the names.
    private var redactedInvalid: String {
        let names = text.utf8.prefix { $0 != UInt8(ascii: ":") }
        let isPlain = names.allSatisfy { $0.isLowerCase || $0.isDigit || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "+") }
        let rest = text.utf8.dropFirst(names.count)
        guard isPlain, rest.starts(with: "://".utf8), !hidden.contains(where: { $0.lowerBound < names.count + 3 }) else { return "…" }
        return (String(names) ?? "") + "://…"
    }
}

/// What is not printed of options before their layers are known.
package enum Redaction {
    package static let mark = "***"

    private static let words = ["key", "pass", "secret", "token", "psk", "credential", "pwd"]

    /// True for `key`, `password`, `hmac.key`, `data.session-token`, a mistyped `kye` and the like; not for the `-file` and
    /// `-env` of one.
    package static func soundsSecret(_ name: String) -> Bool {
        let last = name.lowercased()
        if last.hasSuffix("-file") || last.hasSuffix("-env") { return false }
        let local = last.lastIndex(of: ".").map { String(last[last.index(after: $0)...]) } ?? last
        return words.contains { last.contains($0) } || NearestName.of(local, among: words + ["password"]) != nil
    }

    /// True for a value that is itself a URL with something to hide in it.
    static func holdsSecretURL(_ value: [UInt8], depth: Int) -> Bool {
        guard let text = String(validating: value, as: UTF8.self), text.contains("://") else { return false }
        // Nested deeper than anyone would write: hidden unseen.
        guard depth < 4 else { return true }
        let url = ConnectionURL(text: text, hidden: [])
        return url.redacted(hiding: [], depth: depth + 1) != text
    }
}
