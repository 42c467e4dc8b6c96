import Foundation
import PatchbayCheck
import PatchbayCore
import Testing

#if canImport(FoundationXML)
    import FoundationXML
#endif

@Suite struct CheckReportTests {
    private static let report: CheckReport = {
        var report = CheckReport(path: "/plugins/acme.so", plugin: "acme", seed: .max)
        report.results = [
            CheckResult(name: "load", summary: "it is opened", outcome: .pass, elapsed: .milliseconds(4)),
            CheckResult(name: "acme/hostile", summary: "refused", outcome: .fail, detail: "it read <\u{1b}[31m> & \"more\""),
            CheckResult(name: "acme/many", summary: "a hundred", outcome: .crash, detail: "SIGSEGV"),
            CheckResult(name: "acme/wrong", summary: "another secret", outcome: .skip, detail: "no secret"),
        ]
        return report
    }()

    @Test func `a report with a failure did not pass, nor one without tests`() {
        #expect(!Self.report.passed)
        #expect(!CheckReport(path: "/x", seed: 1).passed)
        var good = Self.report
        good.results.removeAll { $0.outcome.isFailure }
        #expect(good.passed)
    }

    @Test func `JUnit is well-formed XML with every result`() throws {
        let parser = XMLParser(data: Data(Self.report.junit.utf8))
        let reader = Reader()
        parser.delegate = reader
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        #expect(reader.counts == ["testsuite": 1, "properties": 1, "property": 1, "testcase": 4, "failure": 1, "error": 1, "skipped": 1])
        #expect(reader.message == "it read <\u{fffd}[31m> & \"more\"")
        #expect(reader.seed == "18446744073709551615")
    }

    private final class Reader: NSObject, XMLParserDelegate {
        var counts: [String: Int] = [:]
        var message: String?
        var seed: String?

        func parser(
            _ parser: XMLParser,
            didStartElement name: String,
            namespaceURI: String?,
            qualifiedName: String?,
            attributes: [String: String] = [:]
        ) {
            counts[name, default: 0] += 1
            if name == "failure" { message = attributes["message"] }
            if name == "property" { seed = attributes["value"] }
        }
    }
}
