import CoreMetrics
import Foundation
import PythonSupport
import Testing

@testable import PatchbayRelayServer

/// Expected texts are those of the format's page (exposition_formats.md, version 0.0.4), and what Prometheus's own parser in Python reads.
@Suite("Metrics as Prometheus's text")
struct PrometheusTests {
    /// A Python with the package prometheus_client; nil where there is none.
    static let python: String? = {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("../..").standardized
        let own = root.appendingPathComponent(".build/python/bin/python3").path
        return [ProcessInfo.processInfo.environment["PATCHBAY_PYTHON"], own].compactMap { $0 }.first { path in
            FileManager.default.isExecutableFile(atPath: path)
                && (try? Script(path: path, "import prometheus_client.parser").run("")) != nil
        }
    }()

    @Test("a page with every kind, its help, its escapes and its special numbers")
    func page() {
        let metrics = PrometheusMetrics(help: ["http_requests_total": "The total number of HTTP requests.\nOf all \\ kinds."])
        Counter(label: "http_requests_total", dimensions: [("method", "post"), ("code", "200")], factory: metrics).increment(by: 1027)
        Counter(label: "http_requests_total", dimensions: [("code", "400"), ("method", "post")], factory: metrics).increment(by: 3)
        let path = "C:\\DIR\\FILE.TXT"
        Meter(
            label: "msdos_file_access_time_seconds",
            dimensions: [("path", path), ("error", "Cannot find file:\n\"FILE.TXT\"")],
            factory: metrics
        )
        .set(1.458255915e9)
        Meter(label: "something_weird", dimensions: [("problem", "division by zero")], factory: metrics).set(Double.infinity)
        Meter(label: "no number", factory: metrics).set(Double.nan)
        Meter(label: "fraction", factory: metrics).set(-0.25)
        #expect(
            metrics.page() == """
                # TYPE fraction gauge
                fraction -0.25
                # HELP http_requests_total The total number of HTTP requests.\\nOf all \\\\ kinds.
                # TYPE http_requests_total counter
                http_requests_total{code="200",method="post"} 1027
                http_requests_total{code="400",method="post"} 3
                # TYPE msdos_file_access_time_seconds gauge
                msdos_file_access_time_seconds{error="Cannot find file:\\n\\"FILE.TXT\\"",path="C:\\\\DIR\\\\FILE.TXT"} 1458255915
                # TYPE no_number gauge
                no_number NaN
                # TYPE something_weird gauge
                something_weird{problem="division by zero"} +Inf

                """
        )
    }

    @Test("a histogram's buckets are cumulative and end with +Inf, which is its count; times are in seconds")
    func histogram() {
        let metrics = PrometheusMetrics()
        let timer = Timer(label: "wait_seconds", dimensions: [("le", "taken"), ("kind", "a")], factory: metrics)
        for milliseconds: Int64 in [1, 5, 50, 500, 90_000_000] { timer.recordNanoseconds(milliseconds * 1_000_000) }
        #expect(
            metrics.page() == """
                # TYPE wait_seconds histogram
                wait_seconds_bucket{kind="a",le="0.001"} 1
                wait_seconds_bucket{kind="a",le="0.01"} 2
                wait_seconds_bucket{kind="a",le="0.1"} 3
                wait_seconds_bucket{kind="a",le="1"} 4
                wait_seconds_bucket{kind="a",le="10"} 4
                wait_seconds_bucket{kind="a",le="60"} 4
                wait_seconds_bucket{kind="a",le="600"} 4
                wait_seconds_bucket{kind="a",le="3600"} 4
                wait_seconds_bucket{kind="a",le="86400"} 4
                wait_seconds_bucket{kind="a",le="+Inf"} 5
                wait_seconds_sum{kind="a"} 90000.556
                wait_seconds_count{kind="a"} 5

                """
        )
    }

    @Test("names that do not fit are made to, and a label's name stands once")
    func names() {
        #expect(PrometheusText.metricName("calls.open-now:a") == "calls_open_now:a")
        #expect(PrometheusText.metricName("7up") == "_7up" && PrometheusText.metricName("") == "_")
        #expect(PrometheusText.labelName("a:b") == "a_b" && PrometheusText.labelName("__name__") == "exported_name__")
        let metrics = PrometheusMetrics()
        Counter(label: "a", dimensions: [("x-y", "1"), ("x_y", "2")], factory: metrics).increment()
        #expect(metrics.page() == "# TYPE a counter\na{x_y=\"1\"} 1\n")
    }

    @Test("a counter does not fall, one name has one kind, and what is destroyed is gone")
    func kinds() {
        let metrics = PrometheusMetrics()
        let counter = Counter(label: "a", factory: metrics)
        counter.increment(by: 2)
        counter.increment(by: -5)
        Meter(label: "a", factory: metrics).set(9)
        Timer(label: "a", factory: metrics).recordNanoseconds(1)
        #expect(metrics.page() == "# TYPE a counter\na 2\n")
        counter.destroy()
        #expect(metrics.page().isEmpty)
    }

    @Test("labels without end stay within a bound, and nothing is lost from the sum")
    func bounds() {
        let metrics = PrometheusMetrics()
        for number in 0..<1000 {
            Counter(label: "a", dimensions: [("from", "\(number)" + String(repeating: "é", count: 1000))], factory: metrics).increment()
        }
        for number in 0..<1000 { Counter(label: "b\(number)", factory: metrics).increment() }
        let lines = metrics.page().split(separator: "\n")
        let samples = lines.filter { $0.hasPrefix("a{") }
        #expect(samples.count == PrometheusMetrics.mostSeries + 1)
        #expect(samples.contains("a{overflow=\"true\"} \(1000 - PrometheusMetrics.mostSeries)"))
        #expect(samples.allSatisfy { $0.utf8.count < PrometheusMetrics.longestLabelValue + 32 })
        #expect(lines.count { $0.hasPrefix("# TYPE") } == PrometheusMetrics.mostFamilies)
    }

    @Test(
        "Prometheus's own parser reads what was written",
        .enabled(if: python != nil, "no Python with prometheus_client; scripts/test installs it")
    )
    func parser() throws {
        let python = try #require(Self.python)
        let metrics = PrometheusMetrics(help: ["calls_total": "Calls,\nall \\ of them."])
        let value = "a \\ \"b\"\n{c},d=\"e\" \u{1F600}\u{7}"
        Counter(label: "calls_total", dimensions: [("name", value)], factory: metrics).increment(by: 7)
        Meter(label: "load", factory: metrics).set(1e-5)
        Meter(label: "none", factory: metrics).set(Double.nan)
        Timer(label: "wait_seconds", factory: metrics).recordNanoseconds(1_500_000_000)
        let program = """
            import sys, json
            from prometheus_client.parser import text_string_to_metric_families as parse
            for family in parse(sys.stdin.read()):
                for sample in family.samples:
                    print(json.dumps([family.name, family.type, family.documentation, sample.name, sample.labels, repr(float(sample.value))]))
            """
        let read = try Script(path: python, program).run(metrics.page()).split(separator: "\n").map { line in
            try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [Any])
        }
        func sample(_ name: String, _ labels: [String: String] = [:]) -> [Any]? {
            read.first { $0[3] as? String == name && $0[4] as? [String: String] == labels }
        }
        let calls = try #require(sample("calls_total", ["name": value]))
        #expect(calls[1] as? String == "counter" && calls[2] as? String == "Calls,\nall \\ of them." && calls[5] as? String == "7.0")
        #expect(sample("load")?[5] as? String == "1e-05" && sample("none")?[5] as? String == "nan")
        #expect(sample("wait_seconds_bucket", ["le": "1"])?[5] as? String == "0.0")
        #expect(sample("wait_seconds_bucket", ["le": "10"])?[5] as? String == "1.0")
        #expect(sample("wait_seconds_sum")?[5] as? String == "1.5" && sample("wait_seconds_count")?[1] as? String == "histogram")
    }
}
