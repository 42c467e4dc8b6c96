internal import PatchbayCore
internal import PatchbayRelay

/// What a relay knows of names and calls, and decides: without I/O, clock or randomness of its own.
struct RelayDesk: Sendable {
    /// A connection of a client, by a number of the relay's.
    typealias Client = UInt64

    /// One call.
    struct CircuitID: Hashable, Sendable {
        var high: UInt64
        var low: UInt64
    }

    /// Who asks.
    struct Caller: Sendable {
        var client: Client
        var grant: RelayGrant
        /// What its proof was made with.
        var key: RelayKey?
        /// Its host, as the system sees it; empty for Unix sockets.
        var address: String
    }

    /// Why not.
    struct Refusal: Error, Sendable, Equatable {
        var code: PatchbayError.Code
        var message: String
    }

    /// A listener in a name's list.
    struct Member: Sendable {
        var client: Client
        var instance: [UInt8]
        var address: String
        /// Calls that it has, or was offered.
        var calls = 0
        /// Those that it did not take in time, since it took one.
        var misses = 0
    }

    struct Name: Sendable {
        var key: String?
        var generation: UInt64
        var members: [Member] = []
        /// Whose turn it is among those with as few calls.
        var turn = 0
        var waiting = 0
        var calls = 0
        /// Without a member: when it is forgotten.
        var goneAt: UInt64?
        /// From where its last listener came, while it is away: it keeps its place among that address's registrations.
        var awayFrom: String?
    }

    struct Circuit: Sendable {
        var name: String
        var key: String?
        var address: String
        var dialer: Client
        var listener: Client
        /// Of the listener, which may come again as another client.
        var instance: [UInt8]
        /// Nil once it was taken.
        var deadline: UInt64?
    }

    let limits: RelayLimits
    private(set) var names: [String: Name] = [:]
    private(set) var circuits: [CircuitID: Circuit] = [:]
    private(set) var registrations = 0
    private var places: [Client: String] = [:]
    private var registrationsByKey = Tally<String?>()
    private var registrationsByAddress = Tally<String>()
    private var circuitsByKey = Tally<String?>()
    private var circuitsByAddress = Tally<String>()
    /// Names that are away, of each key and from each address.
    private var away = 0
    private var awayByKey = Tally<String?>()
    private var awayByAddress = Tally<String>()
    /// When a name may be to be forgotten: names are many, and looked through only then.
    private var nextForgotten = UInt64.max

    init(limits: RelayLimits) { self.limits = limits }

    // MARK: - Names

    /// What became of a registration.
    struct Registered: Sendable, Equatable {
        /// A connection that lost its place: of the same listener, which has called again, or of one with a lower generation.
        var replaced: (client: Client, isSameListener: Bool)?

        static func == (left: Self, right: Self) -> Bool {
            left.replaced?.client == right.replaced?.client && left.replaced?.isSameListener == right.replaced?.isSameListener
        }
    }

    mutating func register(_ name: String, _ caller: Caller, instance: [UInt8], generation: UInt64) throws(Refusal) -> Registered {
        guard caller.grant.allows(.listen, name) else {
            throw Refusal(code: .permissionDenied, message: "the access key may not listen as '\(name)'")
        }
        var entry = names[name] ?? Name(key: caller.grant.id, generation: generation)
        guard entry.key == caller.grant.id else {
            throw Refusal(code: .permissionDenied, message: "the name '\(name)' belongs to another access key")
        }
        var replaced: (client: Client, isSameListener: Bool)?
        if let same = entry.members.first(where: { $0.instance == instance }) {
            replaced = (same.client, true)
        } else if !entry.members.isEmpty, !caller.grant.rights.contains(.share) {
            guard generation > entry.generation, let other = entry.members.first else {
                throw Refusal(
                    code: .nameTaken,
                    message:
                        "'\(name)' has a listener; another takes its place only with a higher generation, or beside it with the right to share"
                )
            }
            replaced = (other.client, false)
        } else if entry.members.isEmpty, generation < entry.generation {
            throw Refusal(code: .nameTaken, message: "'\(name)' had a listener with a higher generation")
        }
        if replaced == nil { try checkRoom(entry, caller) }
        if let replaced { remove(replaced.client, from: &entry) }
        comeBack(&entry)
        entry.generation = max(entry.generation, generation)
        entry.goneAt = nil
        var member = Member(client: caller.client, instance: instance, address: caller.address)
        if entry.calls + entry.waiting > 0 {
            // Calls outlive the line of the listener that has them.
            for (id, circuit) in circuits where circuit.name == name && circuit.instance == instance {
                circuits[id]?.listener = caller.client
                member.calls += 1
            }
        }
        entry.members.append(member)
        names[name] = entry
        places[caller.client] = name
        registrations += 1
        registrationsByKey.add(caller.grant.id)
        registrationsByAddress.add(caller.address)
        return Registered(replaced: replaced)
    }

    private func checkRoom(_ entry: Name, _ caller: Caller) throws(Refusal) {
        // One that comes back for its name has kept its place.
        if entry.awayFrom == nil {
            let key = caller.grant.id
            let address = caller.address
            try check(registrations + away, limits.registrations, "registrations")
            try check(registrationsByKey.count(key) + awayByKey.count(key), limits.registrationsPerKey, "registrations of one access key")
            let fromThere = registrationsByAddress.count(address) + awayByAddress.count(address)
            try check(fromThere, limits.registrationsPerAddress, "registrations from one address")
        }
        try check(entry.members.count, limits.listenersPerName, "listeners of one name")
    }

    private func check(_ count: Int, _ limit: Int, _ what: String) throws(Refusal) {
        guard count < limit else { throw Refusal(code: .relayFull, message: "the relay takes at most \(limit) \(what)") }
    }

    /// A listener's connection is over.
    /// - Parameters:
    ///   - inOrder: it gave its name back; else the name is away until the lease ends.
    /// - Returns: its name, if it still had a place.
    @discardableResult
    mutating func leave(_ client: Client, inOrder: Bool, now: UInt64) -> String? {
        guard let name = places[client], var entry = names[name] else { return nil }
        let address = remove(client, from: &entry)
        if entry.members.isEmpty {
            let goneAt = inOrder ? now : now &+ limits.lease.nanosecondsClamped
            entry.goneAt = goneAt
            nextForgotten = min(nextForgotten, goneAt)
            if !inOrder { goAway(&entry, from: address ?? "") }
        }
        names[name] = entry
        if inOrder, entry.members.isEmpty, entry.calls == 0, entry.waiting == 0 { names[name] = nil }
        return name
    }

    /// Ends what other access keys do not allow any more; open calls stay.
    /// - Parameter allows: whether the key may still do that under the name.
    /// - Returns: listeners that lost their place; calls that nobody took yet, with what to tell their dialers.
    mutating func revoke(
        _ allows: (_ right: RelayGrant.Rights, _ name: String, _ key: String?) -> Bool
    ) -> (listeners: [Client], calls: [(dialer: Client, code: PatchbayError.Code)]) {
        var listeners: [Client] = []
        var lost: Set<String> = []
        for (name, entry) in names where !allows(.listen, name, entry.key) {
            var entry = entry
            lost.insert(name)
            for member in entry.members {
                listeners.append(member.client)
                remove(member.client, from: &entry)
            }
            // Its key cannot come back: the name is free once its calls are over.
            entry.goneAt = 0
            comeBack(&entry)
            names[name] = entry
        }
        var calls: [(dialer: Client, code: PatchbayError.Code)] = []
        for (id, circuit) in circuits where circuit.deadline != nil {
            if !allows(.dial, circuit.name, circuit.key) {
                calls.append((circuit.dialer, .permissionDenied))
            } else if lost.contains(circuit.name) {
                calls.append((circuit.dialer, .noSuchName))
            } else {
                continue
            }
            end(id)
        }
        for name in lost { if let entry = names[name], entry.calls == 0, entry.waiting == 0 { names[name] = nil } }
        return (listeners, calls)
    }

    private mutating func goAway(_ entry: inout Name, from address: String) {
        entry.awayFrom = address
        away += 1
        awayByKey.add(entry.key)
        awayByAddress.add(address)
    }

    /// The name is away no more: it has a listener again, or is forgotten.
    private mutating func comeBack(_ entry: inout Name) {
        guard let address = entry.awayFrom.take() else { return }
        away -= 1
        awayByKey.remove(entry.key)
        awayByAddress.remove(address)
    }

    /// - Returns: the address that it came from.
    @discardableResult
    private mutating func remove(_ client: Client, from entry: inout Name) -> String? {
        guard let index = entry.members.firstIndex(where: { $0.client == client }) else { return nil }
        let member = entry.members.remove(at: index)
        places[client] = nil
        registrations -= 1
        registrationsByKey.remove(entry.key)
        registrationsByAddress.remove(member.address)
        return member.address
    }

    // MARK: - Calls

    /// - Parameter id: 128 random bits.
    /// - Returns: the listener that is to be told.
    mutating func dial(_ name: String, _ caller: Caller, id: CircuitID, now: UInt64) throws(Refusal) -> Client {
        guard caller.grant.allows(.dial, name) else {
            throw Refusal(code: .permissionDenied, message: "the access key may not dial '\(name)'")
        }
        // One that nobody can come back to, and that open calls keep, is none.
        guard var entry = names[name], !entry.members.isEmpty || entry.goneAt ?? .max > now else {
            throw Refusal(code: .noSuchName, message: "nobody listens as '\(name)'; check the name, and that its listener runs")
        }
        guard !entry.members.isEmpty else {
            throw Refusal(
                code: .nameAway,
                message: "the listener of '\(name)' is away; it had its connection to the relay cut, and may come back"
            )
        }
        try check(circuits.count, limits.circuits, "calls")
        try check(circuitsByKey.count(caller.grant.id), limits.circuitsPerKey, "calls by one access key")
        try check(circuitsByAddress.count(caller.address), limits.circuitsPerAddress, "calls from one address")
        try check(entry.calls + entry.waiting, limits.circuitsPerName, "calls to one name")
        try check(entry.waiting, limits.waitingPerName, "calls that wait for one name")
        guard circuits[id] == nil else { throw Refusal(code: .relayFull, message: "the relay has no number for the call; try again") }
        let index = Self.next(&entry)
        let listener = entry.members[index].client
        entry.members[index].calls += 1
        entry.waiting += 1
        names[name] = entry
        circuits[id] = Circuit(
            name: name,
            key: caller.grant.id,
            address: caller.address,
            dialer: caller.client,
            listener: listener,
            instance: entry.members[index].instance,
            deadline: now &+ limits.answer.nanosecondsClamped
        )
        circuitsByKey.add(caller.grant.id)
        circuitsByAddress.add(caller.address)
        return listener
    }

    /// The one with the fewest calls, those that it missed among them; among equals in turn.
    private static func next(_ entry: inout Name) -> Int {
        let count = entry.members.count
        let fewest = entry.members.map { $0.calls + $0.misses }.min() ?? 0
        for step in 0..<count {
            let index = (entry.turn + step) % count
            guard entry.members[index].calls + entry.members[index].misses == fewest else { continue }
            entry.turn = (index + 1) % count
            return index
        }
        return 0
    }

    /// A listener takes a call.
    /// - Returns: the dialer; nil where there is no such call, or it was taken.
    mutating func accept(_ id: CircuitID) -> Client? {
        guard let circuit = circuits[id], circuit.deadline != nil else { return nil }
        circuits[id]?.deadline = nil
        names[circuit.name]?.waiting -= 1
        names[circuit.name]?.calls += 1
        if let index = names[circuit.name]?.members.firstIndex(where: { $0.client == circuit.listener }) {
            names[circuit.name]?.members[index].misses = 0
        }
        return circuit.dialer
    }

    /// A call is over, or its dialer has gone.
    mutating func end(_ id: CircuitID) {
        guard let circuit = circuits.removeValue(forKey: id) else { return }
        circuitsByKey.remove(circuit.key)
        circuitsByAddress.remove(circuit.address)
        guard var entry = names[circuit.name] else { return }
        if circuit.deadline == nil { entry.calls -= 1 } else { entry.waiting -= 1 }
        if let index = entry.members.firstIndex(where: { $0.client == circuit.listener }) { entry.members[index].calls -= 1 }
        if let goneAt = entry.goneAt, entry.calls == 0, entry.waiting == 0 { nextForgotten = min(nextForgotten, goneAt) }
        names[circuit.name] = entry
    }

    /// Calls that nobody took in time: their dialers are to be told.
    mutating func expire(now: UInt64) -> [(id: CircuitID, dialer: Client)] {
        var late: [(id: CircuitID, dialer: Client)] = []
        for (id, circuit) in circuits { if let deadline = circuit.deadline, deadline <= now { late.append((id, circuit.dialer)) } }
        for call in late {
            if let circuit = circuits[call.id],
                let index = names[circuit.name]?.members.firstIndex(where: { $0.client == circuit.listener })
            {
                names[circuit.name]?.members[index].misses += 1
            }
            end(call.id)
        }
        if now >= nextForgotten { forget(now) }
        return late
    }

    /// Names whose time is over, and that no call keeps.
    private mutating func forget(_ now: UInt64) {
        var gone: [String] = []
        nextForgotten = .max
        for (name, entry) in names {
            guard let goneAt = entry.goneAt, entry.members.isEmpty, entry.calls == 0, entry.waiting == 0 else { continue }
            if goneAt <= now { gone.append(name) } else { nextForgotten = min(nextForgotten, goneAt) }
        }
        for name in gone { if var entry = names.removeValue(forKey: name) { comeBack(&entry) } }
    }

    /// How much of each limit is used; of those per key, name and address, by the one that uses most.
    var loads: [RelayLoad] {
        [
            RelayLoad(name: "registrations", used: registrations + away, limit: limits.registrations),
            RelayLoad(name: "registrations-per-key", used: registrationsByKey.most, limit: limits.registrationsPerKey),
            RelayLoad(name: "registrations-per-address", used: registrationsByAddress.most, limit: limits.registrationsPerAddress),
            RelayLoad(name: "listeners-per-name", used: names.values.lazy.map(\.members.count).max() ?? 0, limit: limits.listenersPerName),
            RelayLoad(name: "calls", used: circuits.count, limit: limits.circuits),
            RelayLoad(name: "calls-per-key", used: circuitsByKey.most, limit: limits.circuitsPerKey),
            RelayLoad(
                name: "calls-per-name",
                used: names.values.lazy.map { $0.calls + $0.waiting }.max() ?? 0,
                limit: limits.circuitsPerName
            ),
            RelayLoad(name: "calls-per-address", used: circuitsByAddress.most, limit: limits.circuitsPerAddress),
            RelayLoad(name: "waiting-per-name", used: names.values.lazy.map(\.waiting).max() ?? 0, limit: limits.waitingPerName),
        ]
    }

    /// How full it is, of what is the fullest: 0 to 1.
    var load: Double {
        max(
            Double(registrations + away) / Double(max(limits.registrations, 1)),
            Double(circuits.count) / Double(max(limits.circuits, 1))
        )
    }
}

extension Duration {
    /// Nanoseconds, between none and what 64 bits hold.
    var nanosecondsClamped: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (whole, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max / 2 : min(whole, .max / 2) + UInt64(attoseconds / 1_000_000_000)
    }
}
