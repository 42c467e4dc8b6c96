internal import CoreMetrics
internal import Logging
internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// What a relay tells of itself: to its log, to its metrics and to its status page. Never a key.
final class RelayRecord: Sendable {
    /// What has happened since the start.
    struct Totals: Sendable {
        var calls: UInt64 = 0
        /// Bytes from dialers to listeners, and back, of calls that are over.
        var forth: UInt64 = 0
        var back: UInt64 = 0
        var refusals: [String: UInt64] = [:]
        var dials: [String: UInt64] = [:]
    }

    private struct Running: Sendable {
        var splice: Splice
        var began: UInt64
    }

    private struct State {
        var totals = Totals()
        var running: [RelayDesk.CircuitID: Running] = [:]
        /// What the metrics were told of.
        var told: (forth: UInt64, back: UInt64) = (0, 0)
        var throttle = LogThrottle()
        var alarm = LoadAlarm()
    }

    private let logger: Logger
    private let meters: RelayMeters
    private let state = Locked(State())

    /// - Parameters:
    ///   - logger: nil: nothing is logged.
    ///   - metrics: nil: nothing is measured.
    init(logger: Logger?, metrics: (any MetricsFactory)?) {
        self.logger = logger ?? Logger(label: "patchbay.relay") { _ in SwiftLogNoOpLogHandler() }
        meters = RelayMeters(metrics ?? NOOPMetricsHandler.instance)
    }

    /// Those since the start, with the bytes of calls that go on.
    var totals: Totals {
        state.withLock { state in
            var totals = state.totals
            (totals.forth, totals.back) = Self.bytes(state)
            return totals
        }
    }

    private static func bytes(_ state: State) -> (forth: UInt64, back: UInt64) {
        state.running.values.reduce((state.totals.forth, state.totals.back)) { sum, call in
            let passed = call.splice.passed
            return (sum.0 &+ passed.forth, sum.1 &+ passed.back)
        }
    }

    // MARK: - Names

    func registered(_ name: String, _ caller: RelayDesk.Caller, replacing: RelayTakeover?, now: UInt64) {
        meters.registrationTaken(replacing: replacing)
        let metadata = Self.metadata(name, caller)
        if let replacing {
            say("a takeover", .notice, "a listener took a place over", metadata.merging(["by": "\(replacing.rawValue)"]) { $1 }, now: now)
        } else {
            say("a registration", .info, "a listener registered", metadata, now: now)
        }
    }

    func left(_ name: String, inOrder: Bool, now: UInt64) {
        let what: Logger.Message = inOrder ? "a listener gave its name back" : "a listener's line was cut; its name is away"
        say("a departure", .info, what, ["name": Self.shown(name)], now: now)
    }

    func reloaded(entries: Int?, ended: Int) {
        logger.notice("the access file was read again", metadata: ["keys": "\(entries ?? 0)", "registrations-ended": "\(ended)"])
    }

    // MARK: - Refusals and calls

    func refused(_ refusal: RelayDesk.Refusal, from address: Address?, now: UInt64) {
        let code = refusal.code.rawValue
        state.withLock { $0.totals.refusals[code, default: 0] += 1 }
        meters.refused(code)
        say(
            "a refusal with \(code)",
            .warning,
            "refused",
            ["code": "\(code)", "reason": Self.shown(refusal.message), "address": "\(address?.host ?? "local")"],
            now: now
        )
    }

    func dialEnded(_ outcome: String) {
        state.withLock { $0.totals.dials[outcome, default: 0] += 1 }
        meters.dialEnded(outcome)
    }

    func callBegan(_ id: RelayDesk.CircuitID, _ splice: Splice, now: UInt64) {
        state.withLock { state in
            state.totals.calls += 1
            state.running[id] = Running(splice: splice, began: now)
        }
        meters.callBegan()
    }

    func callEnded(_ id: RelayDesk.CircuitID, now: UInt64) {
        let duration = state.withLock { state -> UInt64? in
            guard let call = state.running.removeValue(forKey: id) else { return nil }
            let passed = call.splice.passed
            state.totals.forth &+= passed.forth
            state.totals.back &+= passed.back
            return now > call.began ? now - call.began : 0
        }
        if let duration { meters.callEnded(duration) }
    }

    // MARK: - The whole

    func drainBegan(_ figures: RelayFigures) {
        logger.notice(
            "draining: no new names and calls; open calls may finish",
            metadata: ["calls": "\(figures.calls)", "listeners": "\(figures.registrations)"]
        )
    }

    func started(_ target: String, hasAccessFile: Bool) {
        logger.notice("the relay serves", metadata: ["at": "\(target)", "access": hasAccessFile ? "by key" : "open to everyone"])
    }

    func cuts(calls: Int) { if calls > 0 { logger.warning("the relay cuts what is open", metadata: ["calls": "\(calls)"]) } }

    func ended() { logger.notice("the relay has ended") }

    /// Brings the gauges up to date.
    func show(_ figures: RelayFigures) {
        meters.show(figures)
        let (forth, back) = state.withLock { state in
            let bytes = Self.bytes(state)
            defer { state.told = bytes }
            return (bytes.forth &- state.told.forth, bytes.back &- state.told.back)
        }
        meters.passed(forth: forth, back: back)
    }

    /// Warns of limits, and says what was held back. Called about once a second.
    func look(at loads: [RelayLoad], now: UInt64) {
        meters.show(loads)
        let (changes, held) = state.withLock { state in (state.alarm.look(at: loads), state.throttle.turn(now: now)) }
        for change in changes {
            switch change {
            case .crossed(let load):
                logger.warning("a limit is four fifths used", metadata: Self.metadata(load))
            case .back(let load): logger.notice("a limit has room again", metadata: Self.metadata(load))
            }
        }
        for line in held { logger.warning("more lines like it were left out", metadata: ["of": "\(line.kind)", "lines": "\(line.held)"]) }
    }

    private func say(_ kind: String, _ level: Logger.Level, _ message: Logger.Message, _ metadata: Logger.Metadata, now: UInt64) {
        guard state.withLock({ $0.throttle.admit(kind, now: now) }) else { return }
        logger.log(level: level, message, metadata: metadata)
    }

    private static func metadata(_ name: String, _ caller: RelayDesk.Caller) -> Logger.Metadata {
        [
            "name": shown(name), "key": caller.grant.id.map(shown) ?? "none",
            "address": "\(caller.address.isEmpty ? "local" : caller.address)",
        ]
    }

    private static func metadata(_ load: RelayLoad) -> Logger.Metadata {
        ["limit": "\(load.name)", "used": "\(load.used)", "of": "\(load.limit)"]
    }

    /// Text from outside.
    private static func shown(_ text: String) -> Logger.MetadataValue { "\(PeerRefusal.printable(text, 255))" }
}
