extension CheckReport {
    /// The report in the form that continuous integration reads (the JUnit XML of Jenkins and GitLab).
    public var junit: String {
        let failures = count(of: .fail)
        let errors = count(of: .crash) + count(of: .timeout)
        var lines = [
            #"<?xml version="1.0" encoding="UTF-8"?>"#,
            "<testsuite name=\(Self.quoted(plugin ?? path)) tests=\"\(results.count)\" failures=\"\(failures)\" errors=\"\(errors)\""
                + " skipped=\"\(count(of: .skip))\">",
            "  <properties><property name=\"seed\" value=\"\(seed)\"/></properties>",
        ]
        for result in results {
            let head =
                "  <testcase classname=\(Self.quoted(plugin ?? path)) name=\(Self.quoted(result.name)) time=\"\(result.elapsed / .seconds(1))\""
            let message = "message=\(Self.quoted(result.detail))"
            switch result.outcome {
            case .pass: lines.append(head + "/>")
            case .fail: lines.append("\(head)><failure \(message)/></testcase>")
            case .crash, .timeout: lines.append("\(head)><error type=\"\(result.outcome.rawValue)\" \(message)/></testcase>")
            case .skip: lines.append("\(head)><skipped \(message)/></testcase>")
            case .warn: lines.append("\(head)><system-out>\(Self.escaped(result.detail))</system-out></testcase>")
            }
        }
        return (lines + ["</testsuite>", ""]).joined(separator: "\n")
    }

    private static func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }

    /// Text of XML 1.0, which has no form at all for most control characters.
    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { escaped, scalar in
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\n": escaped += "&#10;"
            case "\t": escaped += "&#9;"
            case _ where scalar.value < 0x20 || scalar.value == 0xfffe || scalar.value == 0xffff: escaped += "\u{fffd}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
    }
}
