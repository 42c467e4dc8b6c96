public import CoreMetrics
internal import PatchbayIO
internal import Synchronization

/// Metrics of this process as a page in Prometheus's text format: pass it wherever a `MetricsFactory` is taken.
///
/// What it holds is bounded: beyond ``mostSeries`` combinations of a metric's labels all others count as one with the label
/// `overflow="true"`, and metrics beyond ``mostFamilies`` are not kept.
public final class PrometheusMetrics: MetricsFactory, Sendable {
    private enum Kind: String { case counter, gauge, histogram }

    private enum Series: Sendable {
        case number(PrometheusNumber)
        case histogram(PrometheusHistogram)
    }

    private struct Family: Sendable {
        var kind: Kind
        var series: [[PrometheusLabel]: Series] = [:]
    }

    /// Combinations of labels of one metric.
    public static let mostSeries = 256
    /// Metrics.
    public static let mostFamilies = 512
    /// Bytes of a label's value; what is longer is cut.
    public static let longestLabelValue = 128
    private static let overflow = [PrometheusLabel(name: "overflow", value: "true")]
    /// From a millisecond to a day, in seconds.
    private static let times = [0.001, 0.01, 0.1, 1, 10, 60, 600, 3600, 86_400]
    private static let quantities: [Double] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000]

    private let help: [String: String]
    private let families = Locked<[String: Family]>([:])

    /// - Parameter help: what each metric is, by its name.
    public init(help: [String: String] = [:]) { self.help = help }

    // MARK: - The factory

    public func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler { number(label, dimensions, .counter) }

    public func makeFloatingPointCounter(label: String, dimensions: [(String, String)]) -> any FloatingPointCounterHandler {
        number(label, dimensions, .counter)
    }

    public func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler { number(label, dimensions, .gauge) }

    public func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        if aggregate { histogram(label, dimensions, Self.quantities) } else { number(label, dimensions, .gauge) }
    }

    public func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler { histogram(label, dimensions, Self.times) }

    public func destroyCounter(_ handler: any CounterHandler) { forget(handler) }
    public func destroyFloatingPointCounter(_ handler: any FloatingPointCounterHandler) { forget(handler) }
    public func destroyMeter(_ handler: any MeterHandler) { forget(handler) }
    public func destroyRecorder(_ handler: any RecorderHandler) { forget(handler) }
    public func destroyTimer(_ handler: any TimerHandler) { forget(handler) }

    private func number(_ label: String, _ dimensions: [(String, String)], _ kind: Kind) -> PrometheusNumber {
        if case .number(let number) = series(label, dimensions, kind, { .number(PrometheusNumber(isCounter: kind == .counter)) }) {
            return number
        }
        return PrometheusNumber(isCounter: kind == .counter)
    }

    private func histogram(_ label: String, _ dimensions: [(String, String)], _ bounds: [Double]) -> PrometheusHistogram {
        if case .histogram(let histogram) = series(label, dimensions, .histogram, { .histogram(PrometheusHistogram(bounds: bounds)) }) {
            return histogram
        }
        return PrometheusHistogram(bounds: bounds)
    }

    /// - Returns: nil where the metric cannot be shown: its name has another kind already, or there are too many.
    private func series(_ label: String, _ dimensions: [(String, String)], _ kind: Kind, _ make: () -> Series) -> Series? {
        let name = PrometheusText.metricName(label)
        let labels = Self.labels(dimensions, kind)
        return families.withLock { families in
            guard families[name] != nil || families.count < Self.mostFamilies else { return nil }
            var family = families[name] ?? Family(kind: kind)
            guard family.kind == kind else { return nil }
            let key = family.series[labels] != nil || family.series.count < Self.mostSeries ? labels : Self.overflow
            let series = family.series[key] ?? make()
            family.series[key] = series
            families[name] = family
            return series
        }
    }

    /// In order, each name once: Prometheus refuses a page with one that repeats.
    private static func labels(_ dimensions: [(String, String)], _ kind: Kind) -> [PrometheusLabel] {
        var seen: Set<String> = kind == .histogram ? ["le"] : []
        var labels: [PrometheusLabel] = []
        for (name, value) in dimensions {
            let name = PrometheusText.labelName(name)
            guard seen.insert(name).inserted else { continue }
            labels.append(PrometheusLabel(name: name, value: cut(value)))
        }
        return labels.sorted()
    }

    private static func cut(_ value: String) -> String {
        guard value.utf8.count > longestLabelValue else { return value }
        var bytes = 0
        return String(
            String.UnicodeScalarView(
                value.unicodeScalars.prefix { scalar in
                    bytes += UTF8.width(scalar)
                    return bytes <= longestLabelValue
                }
            )
        )
    }

    private func forget(_ handler: AnyObject) {
        families.withLock { families in
            for (name, family) in families {
                for (labels, series) in family.series {
                    let isIt =
                        switch series {
                        case .number(let number): number === handler
                        case .histogram(let histogram): histogram === handler
                        }
                    if isIt { families[name]?.series[labels] = nil }
                }
            }
        }
    }

    // MARK: - The page

    /// What `Content-Type` says of ``page()``.
    public static var contentType: String { PrometheusText.contentType }

    /// Everything as it is now, in the order of the names.
    public func page() -> String {
        let families = families.withLock { $0 }
        var text = ""
        for (name, family) in families.sorted(by: { $0.key < $1.key }) where !family.series.isEmpty {
            if let help = help[name] { text += "# HELP \(name) \(PrometheusText.help(help))\n" }
            text += "# TYPE \(name) \(family.kind.rawValue)\n"
            for (labels, series) in family.series.sorted(by: { $0.key.lexicographicallyPrecedes($1.key) }) {
                switch series {
                case .number(let number): text += PrometheusText.sample(name, labels, number.value)
                case .histogram(let histogram): text += Self.lines(name, labels, histogram)
                }
            }
        }
        return text
    }

    private static func lines(_ name: String, _ labels: [PrometheusLabel], _ histogram: PrometheusHistogram) -> String {
        let content = histogram.content
        var text = ""
        for (bound, count) in zip(histogram.bounds + [.infinity], content.counts) {
            let label = PrometheusLabel(name: "le", value: PrometheusText.number(bound))
            text += PrometheusText.sample("\(name)_bucket", labels + [label], Double(count))
        }
        text += PrometheusText.sample("\(name)_sum", labels, content.sum)
        return text + PrometheusText.sample("\(name)_count", labels, Double(content.counts.last ?? 0))
    }
}
