/// The Prometheus text format, version 0.0.4
/// (https://github.com/prometheus/docs/blob/main/docs/instrumenting/exposition_formats.md).
enum PrometheusText {
    static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// `[a-zA-Z_:][a-zA-Z0-9_:]*`: what does not fit becomes `_`.
    static func metricName(_ text: String) -> String { name(text) { isOfAName($0) || $0 == UInt8(ascii: ":") } }

    /// `[a-zA-Z_][a-zA-Z0-9_]*`; names that begin with `__` are Prometheus's own.
    static func labelName(_ text: String) -> String {
        let name = name(text, isOfAName)
        return name.hasPrefix("__") ? "exported" + name.dropFirst() : name
    }

    private static func name(_ text: String, _ fits: (UInt8) -> Bool) -> String {
        var bytes = text.utf8.map { fits($0) ? $0 : UInt8(ascii: "_") }
        if bytes.first.map({ (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }) ?? true { bytes.insert(UInt8(ascii: "_"), at: 0) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isOfAName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "_"):
            true
        default: false
        }
    }

    /// In a HELP line: `\` and line feeds.
    static func help(_ text: String) -> String { escaped(text, quotes: false) }

    /// Between the quotes of a label's value: `\`, `"` and line feeds.
    static func labelValue(_ text: String) -> String { escaped(text, quotes: true) }

    private static func escaped(_ text: String, quotes: Bool) -> String {
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\\": result.append(contentsOf: "\\\\".unicodeScalars)
            case "\n": result.append(contentsOf: "\\n".unicodeScalars)
            case "\"" where quotes: result.append(contentsOf: "\\\"".unicodeScalars)
            default: result.append(scalar)
            }
        }
        return String(result)
    }

    /// What Go's ParseFloat reads: whole numbers without a point, `NaN`, `+Inf` and `-Inf`.
    static func number(_ value: Double) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
        // Above 2^53 a double has no fractions to lose either.
        if let whole = Int64(exactly: value) { return String(whole) }
        return "\(value)"
    }

    /// One line of a sample.
    static func sample(_ name: String, _ labels: [PrometheusLabel], _ value: Double) -> String {
        let inside = labels.map { "\($0.name)=\"\(labelValue($0.value))\"" }.joined(separator: ",")
        return name + (inside.isEmpty ? "" : "{\(inside)}") + " \(number(value))\n"
    }
}

struct PrometheusLabel: Hashable, Comparable, Sendable {
    var name: String
    var value: String

    static func < (left: Self, right: Self) -> Bool { (left.name, left.value) < (right.name, right.value) }
}
