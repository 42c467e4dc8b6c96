public import PatchbayCore
internal import PatchbayJSON

/// All that a relay's status page shows. It has no secrets; names and the keys' names come from outside.
public struct RelayStatus: Sendable {
    /// Names that are shown.
    public static let mostNames = 200

    public struct Name: Sendable {
        public var name: String
        /// The name of the access key that it belongs to; nil at a relay that asks for none.
        public var key: String?
        public var listeners: Int
        public var calls: Int
        /// Calls that it was offered and has not taken.
        public var waiting: Int
        /// Without a listener: when it is forgotten.
        public var forgottenIn: Duration?
    }

    /// Something that is counted by what became of it.
    public struct Counted: Sendable {
        public var code: String
        public var count: UInt64
    }

    public var realm: String
    public var uptime: Duration
    public var isDraining: Bool
    public var loads: [RelayLoad]
    /// The busiest first, at most as many as were asked for.
    public var names: [Name]
    /// Names that there are.
    public var nameCount: Int
    public var registrations: Int
    public var openCalls: Int
    /// Calls whose listener has not taken them.
    public var waitingCalls: Int
    /// Calls since the start.
    public var calls: UInt64
    public var bytesToListeners: UInt64
    public var bytesToDialers: UInt64
    /// Since the start, the most frequent first.
    public var refusals: [Counted]
    /// What became of dials by holders of a right key.
    public var dials: [Counted]

    /// As `/status.json` has it.
    public var value: Value {
        [
            "realm": .string(realm),
            "state": isDraining ? "draining" : "serving",
            "uptime-seconds": .int(uptime.components.seconds),
            "registrations": .int(Int64(registrations)),
            "calls": [
                "open": .int(Int64(openCalls)), "waiting": .int(Int64(waitingCalls)), "since-start": .int(Int64(clamping: calls)),
            ],
            "bytes": ["to-listeners": .int(Int64(clamping: bytesToListeners)), "to-dialers": .int(Int64(clamping: bytesToDialers))],
            "limits": .array(
                loads.map { ["name": .string($0.name), "used": .int(Int64($0.used)), "limit": .int(Int64($0.limit))] }
            ),
            "names": .array(names.map(\.value)),
            "names-in-all": .int(Int64(nameCount)),
            "refusals": .array(refusals.map(\.value)),
            "dials": .array(dials.map(\.value)),
        ]
    }

    func json() throws -> String { try JSONNotation.print(value) + "\n" }
}

extension RelayStatus {
    init(_ floor: RelayFloor, uptime: Duration, now: UInt64, most: Int) {
        let (desk, loads, isDraining) = floor.snapshot
        let totals = floor.record.totals
        realm = floor.realm
        self.uptime = uptime
        self.isDraining = isDraining
        self.loads = loads
        nameCount = desk.names.count
        names = desk.names.sorted { ($1.value.busyness, $0.key) < ($0.value.busyness, $1.key) }.prefix(max(most, 0)).map {
            Name($0.key, $0.value, now: now)
        }
        registrations = desk.registrations
        waitingCalls = desk.names.values.reduce(0) { $0 + $1.waiting }
        openCalls = desk.circuits.count - waitingCalls
        calls = totals.calls
        bytesToListeners = totals.forth
        bytesToDialers = totals.back
        refusals = Self.counted(totals.refusals)
        dials = Self.counted(totals.dials)
    }

    private static func counted(_ counts: [String: UInt64]) -> [Counted] {
        counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { Counted(code: $0.key, count: $0.value) }
    }
}

extension RelayDesk.Name {
    fileprivate var busyness: Int { calls + waiting }
}

extension RelayStatus.Name {
    init(_ name: String, _ entry: RelayDesk.Name, now: UInt64) {
        self.name = name
        key = entry.key
        listeners = entry.members.count
        calls = entry.calls
        waiting = entry.waiting
        forgottenIn = entry.members.isEmpty ? entry.goneAt.map { .nanoseconds(Int64(clamping: $0 > now ? $0 - now : 0)) } : nil
    }

    var value: Value {
        [
            "name": .string(name), "key": key.map { .string($0) } ?? .null, "listeners": .int(Int64(listeners)),
            "calls": .int(Int64(calls)),
            "waiting": .int(Int64(waiting)), "forgotten-in-seconds": forgottenIn.map { .int($0.components.seconds) } ?? .null,
        ]
    }
}

extension RelayStatus.Counted {
    var value: Value { ["code": .string(code), "count": .int(Int64(clamping: count))] }
}
