internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO
internal import PatchbayRelay
internal import Synchronization

/// All that the connections of a relay share.
final class RelayFloor: Sendable {
    private struct State {
        var desk: RelayDesk
        var access: RelayAccessFile?
        var listeners: [RelayDesk.Client: ControlLine] = [:]
        var dialers: [RelayDesk.Client: Waiting] = [:]
        var nextClient: RelayDesk.Client = 1
        /// In the order in which they came.
        var undecided: [(client: RelayDesk.Client, stream: any ByteStream)] = []
        var isDraining = false
    }

    let limits: RelayLimits
    let realm: String
    let record: RelayRecord
    private let state: Locked<State>
    /// Checked in place of a key that there is not.
    private let decoy = RelayKey(random: "")

    init(limits: RelayLimits, realm: String, access: RelayAccessFile?, record: RelayRecord) {
        self.limits = limits
        self.realm = realm
        self.record = record
        state = Locked(State(desk: RelayDesk(limits: limits), access: access))
    }

    /// Takes another access file. Listeners whose key it does not have any more, or with another secret, or not for their name, lose their place
    /// and are told so; calls that nobody took yet end with it. Open calls go on.
    func reload(_ file: RelayAccessFile?) {
        let (lines, calls) = state.withLock { state in
            let old = state.access
            state.access = file
            let revoked = state.desk.revoke { right, name, id in
                // Without a file whoever comes may.
                guard let file else { return true }
                return id.map { id in file.entry(id).map { $0.key == old?.entry(id)?.key && $0.grant.allows(right, name) } ?? false }
                    ?? false
            }
            return (
                revoked.listeners.compactMap { state.listeners.removeValue(forKey: $0) },
                revoked.calls.compactMap { call in state.dialers.removeValue(forKey: call.dialer).map { ($0, call.code) } }
            )
        }
        for line in lines {
            line.end(.failure(code: .permissionDenied, message: "the access key may not listen under this name any more"))
        }
        for (waiting, code) in calls {
            let message =
                code == .permissionDenied
                ? "the access key may not dial this name any more" : "the listener may not listen under this name any more"
            _ = resolve(waiting, refusing: RelayDesk.Refusal(code: code, message: message))
        }
        record.reloaded(entries: file?.entries.count, ended: lines.count)
    }

    /// What the access file grants is still what the caller's proof was checked with.
    private static func isCurrent(_ caller: RelayDesk.Caller, _ state: State) -> Bool {
        guard let file = state.access else { return true }
        guard let entry = caller.grant.id.flatMap({ file.entry($0) }) else { return false }
        return entry.grant == caller.grant && entry.key == caller.key
    }

    private static let withdrawn = RelayDesk.Refusal(code: .permissionDenied, message: "the access key has just been changed or withdrawn")

    private func resolve(_ waiting: Waiting, refusing refusal: RelayDesk.Refusal) -> Bool {
        guard waiting.resolve(.refused(refusal)) else { return false }
        record.dialEnded(refusal.code.rawValue)
        return true
    }

    // MARK: - Connections

    /// Takes a connection in that has not said what it wants. Where there are too many of those, the oldest gives way: whoever has something to
    /// say says it at once.
    func enter(_ stream: any ByteStream) -> RelayDesk.Client {
        let (client, oldest) = state.withLock { state in
            let client = state.nextClient
            state.nextClient &+= 1
            let oldest = state.undecided.count >= max(limits.undecided, 1) ? state.undecided.removeFirst().stream : nil
            state.undecided.append((client, stream))
            return (client, oldest)
        }
        oldest?.close(abort: false)
        return client
    }

    /// It has said what it wants, or is gone.
    func decided(_ client: RelayDesk.Client) {
        state.withLock { state in
            if let index = state.undecided.firstIndex(where: { $0.client == client }) { state.undecided.remove(at: index) }
        }
    }

    /// The grant of a client, once its proof is checked, and the key to prove the relay with.
    /// - Throws: `permissionDenied`.
    func admit(_ access: RelayAccess, _ said: ByteBuffer, _ transcript: inout RelayTranscript) throws(RelayDesk.Refusal) -> (
        RelayGrant, RelayKey?
    ) {
        guard let file = state.withLock({ $0.access }) else {
            transcript.append(said)
            return (.open, nil)
        }
        guard let id = access.keyID, access.proof != nil else {
            throw RelayDesk.Refusal(code: .permissionDenied, message: "this relay asks for an access key")
        }
        // One answer for an unknown name and a wrong key, after the same work.
        let entry = file.entry(id)
        guard transcript.verify(said, with: entry?.key ?? decoy, from: .dialer), let entry else {
            throw RelayDesk.Refusal(code: .authenticationFailed, message: "the access key is not right")
        }
        return (entry.grant, entry.key)
    }

    // MARK: - Names

    func register(_ name: String, _ caller: RelayDesk.Caller, instance: [UInt8], generation: UInt64, line: ControlLine, now: UInt64)
        throws(RelayDesk.Refusal)
    {
        let (replaced, old) = try state.withLock { state throws(RelayDesk.Refusal) -> (RelayDesk.Registered, ControlLine?) in
            if state.isDraining { throw Self.goingDown }
            guard Self.isCurrent(caller, state) else { throw Self.withdrawn }
            let registered = try state.desk.register(name, caller, instance: instance, generation: generation)
            state.listeners[caller.client] = line
            return (registered, registered.replaced.flatMap { state.listeners.removeValue(forKey: $0.client) })
        }
        let isSame = replaced.replaced?.isSameListener ?? false
        record.registered(
            name,
            caller,
            replacing: replaced.replaced.map { $0.isSameListener ? .sameListener : .higherGeneration },
            now: now
        )
        guard let old else { return }
        old.end(isSame ? nil : .failure(code: .nameTaken, message: "another listener with a higher generation took the name"))
    }

    func leave(_ client: RelayDesk.Client, inOrder: Bool, now: UInt64) {
        let name = state.withLock { state in
            state.listeners[client] = nil
            let name = state.desk.leave(client, inOrder: inOrder, now: now)
            // At the end of a relay all leave.
            return state.isDraining ? nil : name
        }
        if let name { record.left(name, inOrder: inOrder, now: now) }
    }

    // MARK: - Calls

    /// Offers a call to a listener.
    func dial(_ name: String, _ caller: RelayDesk.Caller, id: RelayDesk.CircuitID, now: UInt64) throws(RelayDesk.Refusal) -> Waiting {
        let waiting = Waiting()
        let line: ControlLine?
        do {
            line = try state.withLock { state throws(RelayDesk.Refusal) -> ControlLine? in
                if state.isDraining { throw Self.goingDown }
                guard Self.isCurrent(caller, state) else { throw Self.withdrawn }
                let listener = try state.desk.dial(name, caller, id: id, now: now)
                state.dialers[caller.client] = waiting
                return state.listeners[listener]
            }
        } catch {
            record.dialEnded(error.code.rawValue)
            throw error
        }
        // A line that takes no more is about to end, and the call with it.
        line?.send(.incoming(circuit: id.bytes, caller: caller.address))
        return waiting
    }

    /// A listener takes a call with this stream.
    /// - Returns: false where there is no such call: the stream is still the caller's.
    func accept(_ id: RelayDesk.CircuitID, _ stream: any ByteStream) -> Bool {
        let waiting = state.withLock { state in state.desk.accept(id).flatMap { state.dialers.removeValue(forKey: $0) } }
        guard waiting?.resolve(.taken(stream)) ?? false else { return false }
        record.dialEnded("connected")
        return true
    }

    func end(_ id: RelayDesk.CircuitID, dialer: RelayDesk.Client) {
        state.withLock { state in
            state.desk.end(id)
            state.dialers[dialer] = nil
        }
    }

    /// Called some times a second.
    func expire(now: UInt64) {
        let late = state.withLock { state in
            state.desk.expire(now: now).compactMap { call in state.dialers.removeValue(forKey: call.dialer) }
        }
        for waiting in late {
            _ = resolve(
                waiting,
                refusing: RelayDesk.Refusal(
                    code: .nameAway,
                    message: "the listener did not take the call in time; it may have lost its way"
                )
            )
        }
    }

    // MARK: - The whole

    /// No new names or calls from here on; listeners are told when to come again.
    /// - Returns: whether it is the first time.
    @discardableResult
    func drain(comeAgainAfter milliseconds: UInt32) -> Bool {
        let lines = state.withLock { state -> [ControlLine]? in
            guard !state.isDraining else { return nil }
            state.isDraining = true
            return Array(state.listeners.values)
        }
        guard let lines else { return false }
        for line in lines { line.send(.notice(code: .relayDown, message: "the relay is going down", after: milliseconds)) }
        return true
    }

    /// Refuses dialers whose call nobody took: the clock that would tell them so has stopped.
    func refuseWaiting() {
        let waiting = state.withLock { state in
            defer { state.dialers = [:] }
            return Array(state.dialers.values)
        }
        for dialer in waiting { _ = resolve(dialer, refusing: Self.goingDown) }
    }

    /// Brings metrics and warnings up to date.
    func measure(now: UInt64) {
        record.show(figures)
        record.look(at: state.withLock { loads($0) }, now: now)
    }

    /// All that a status page shows of names, taken at one instant.
    var snapshot: (desk: RelayDesk, loads: [RelayLoad], isDraining: Bool) { state.withLock { ($0.desk, loads($0), $0.isDraining) } }

    private func loads(_ state: State) -> [RelayLoad] {
        state.desk.loads + [RelayLoad(name: "undecided", used: state.undecided.count, limit: limits.undecided)]
    }

    var isDrained: Bool { state.withLock { $0.isDraining && $0.desk.circuits.isEmpty } }
    var openCalls: Int { state.withLock { $0.desk.circuits.count } }
    var load: Double { state.withLock { $0.desk.load } }

    /// What a status page shows.
    var figures: RelayFigures {
        state.withLock { state in
            RelayFigures(
                names: state.desk.names.count,
                registrations: state.desk.registrations,
                calls: state.desk.circuits.count,
                undecided: state.undecided.count,
                load: state.desk.load,
                isDraining: state.isDraining
            )
        }
    }

    private static let goingDown = RelayDesk.Refusal(
        code: .relayDown,
        message: "the relay is going down; try again in a moment, or another"
    )
}

extension RelayDesk.CircuitID {
    var bytes: [UInt8] { withUnsafeBytes(of: high.bigEndian, Array.init) + withUnsafeBytes(of: low.bigEndian, Array.init) }

    /// Nil unless there are 16 bytes.
    init?(bytes: [UInt8]) {
        guard bytes.count == 16 else { return nil }
        self.init(
            high: bytes[..<8].reduce(0) { $0 << 8 | UInt64($1) },
            low: bytes[8...].reduce(0) { $0 << 8 | UInt64($1) }
        )
    }
}
