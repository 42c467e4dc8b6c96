internal import CoreMetrics
internal import PatchbayIO
internal import Synchronization

/// The metrics of a relay.
final class RelayMeters: Sendable {
    /// What each is.
    static let help = [
        "patchbay_relay_names": "Names that are registered or away.",
        "patchbay_relay_registrations": "Listeners that are registered.",
        "patchbay_relay_calls_open": "Calls that are open, or wait for their listener.",
        "patchbay_relay_undecided": "Connections that have not said what they want.",
        "patchbay_relay_draining": "1 once the relay takes no new names and calls.",
        "patchbay_relay_limit": "How much the relay takes, by limit.",
        "patchbay_relay_limit_used": "How much of a limit is used; of limits per key, name or address, by the one that uses most.",
        "patchbay_relay_registered_total": "Registrations that were taken.",
        "patchbay_relay_takeovers_total": "Registrations that took the place of another, by whether the same listener came again.",
        "patchbay_relay_dials_total": "Dials by holders of a right key, by what became of them: connected, or the refusal's code.",
        "patchbay_relay_refusals_total": "What was refused, by code.",
        "patchbay_relay_calls_total": "Calls whose bytes passed.",
        "patchbay_relay_bytes_total": "Bytes that passed, by direction.",
        "patchbay_relay_call_duration_seconds": "How long calls lasted that are over.",
    ]

    let factory: any MetricsFactory
    private let names: Meter
    private let registrations: Meter
    private let calls: Meter
    private let undecided: Meter
    private let draining: Meter
    private let registered: Counter
    private let callsInAll: Counter
    private let duration: Timer
    /// Counters that come with their label's value: few, as all values are this relay's own words.
    private let labelled = Locked<[String: Counter]>([:])
    private let meters = Locked<[String: Meter]>([:])

    init(_ factory: any MetricsFactory) {
        self.factory = factory
        names = Meter(label: "patchbay_relay_names", factory: factory)
        registrations = Meter(label: "patchbay_relay_registrations", factory: factory)
        calls = Meter(label: "patchbay_relay_calls_open", factory: factory)
        undecided = Meter(label: "patchbay_relay_undecided", factory: factory)
        draining = Meter(label: "patchbay_relay_draining", factory: factory)
        registered = Counter(label: "patchbay_relay_registered_total", factory: factory)
        callsInAll = Counter(label: "patchbay_relay_calls_total", factory: factory)
        duration = Timer(label: "patchbay_relay_call_duration_seconds", factory: factory)
        // There from the beginning, so that a rate has a beginning.
        passed(forth: 0, back: 0)
    }

    func show(_ figures: RelayFigures) {
        names.set(figures.names)
        registrations.set(figures.registrations)
        calls.set(figures.calls)
        undecided.set(figures.undecided)
        draining.set(figures.isDraining ? 1 : 0)
    }

    func show(_ loads: [RelayLoad]) {
        for load in loads {
            meter("patchbay_relay_limit", ("limit", load.name)).set(load.limit)
            meter("patchbay_relay_limit_used", ("limit", load.name)).set(load.used)
        }
    }

    func registrationTaken(replacing: RelayTakeover?) {
        registered.increment()
        if let replacing { counter("patchbay_relay_takeovers_total", ("by", replacing.rawValue)).increment() }
    }

    func dialEnded(_ outcome: String) { counter("patchbay_relay_dials_total", ("outcome", outcome)).increment() }
    func refused(_ code: String) { counter("patchbay_relay_refusals_total", ("code", code)).increment() }
    func callBegan() { callsInAll.increment() }
    func callEnded(_ nanoseconds: UInt64) { duration.recordNanoseconds(Int64(clamping: nanoseconds)) }

    func passed(forth: UInt64, back: UInt64) {
        counter("patchbay_relay_bytes_total", ("direction", "to-listener")).increment(by: Int64(clamping: forth))
        counter("patchbay_relay_bytes_total", ("direction", "to-dialer")).increment(by: Int64(clamping: back))
    }

    private func counter(_ label: String, _ dimension: (String, String)) -> Counter {
        labelled.withLock { counters in
            let key = "\(label) \(dimension.1)"
            if let counter = counters[key] { return counter }
            let counter = Counter(label: label, dimensions: [dimension], factory: factory)
            counters[key] = counter
            return counter
        }
    }

    private func meter(_ label: String, _ dimension: (String, String)) -> Meter {
        meters.withLock { meters in
            let key = "\(label) \(dimension.1)"
            if let meter = meters[key] { return meter }
            let meter = Meter(label: label, dimensions: [dimension], factory: factory)
            meters[key] = meter
            return meter
        }
    }
}
