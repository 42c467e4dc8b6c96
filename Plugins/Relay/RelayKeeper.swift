internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// Keeps a name registered while its listener lives, and takes its calls; apart from the listener, which it does not keep alive.
struct RelayKeeper: Sendable {
    /// What a call's connection may take.
    private static let answer = Duration.seconds(10)
    /// How often a relay that goes before this one in the name's order is tried again; half as long at least.
    private static let homecoming = Duration.seconds(30)
    /// Calls that are being taken, or wait for the listener: a relay that announces more is not believed.
    static let mostCalls = 512
    /// Other frames that a relay has a reason to send within a lease.
    private static let mostWords = 256
    /// Frames after which others have their turn.
    private static let turn = 64
    /// How long a relay that is left has for calls that are on their way.
    private static let farewell = Duration.seconds(1)
    /// The longest that a relay may ask to be left alone.
    private static let longestAbsence = Duration.seconds(60)

    let target: RelayTarget
    let reactor: Reactor
    let inbox = StreamInbox(limit: mostCalls)
    /// Tells one listener's second coming from another listener.
    private let instance: [UInt8]

    init(_ target: RelayTarget, reactor: Reactor) {
        self.target = target
        self.reactor = reactor
        instance = Array(RelayTarget.nonce().prefix(RelayMessage.instanceBytes))
    }

    // MARK: - Registering

    nonisolated(nonsending) func register(timeout: Duration?) async throws -> RelayRegistration {
        try await register(target.ways[...], timeout: timeout)
    }

    private nonisolated(nonsending) func register(_ ways: ArraySlice<RelayWay>, timeout: Duration?) async throws -> RelayRegistration {
        try await target.first(of: ways, on: reactor, timeout: timeout) { stream, rank, deadline in
            var opening = RelayOpening(
                .listen(name: target.name, generation: target.generation, instance: instance),
                key: target.key,
                nonce: RelayTarget.nonce()
            )
            let outcome = try await RelayExchange(stream, deadline: deadline).run(&opening)
            return RelayRegistration(stream, rank: rank, lease: outcome.lease)
        }
    }

    // MARK: - Keeping

    /// Until the task is cancelled, or another listener took the name.
    func run(_ first: RelayRegistration) async {
        await withDiscardingTaskGroup { calls in
            var current: RelayRegistration? = first
            var backOff = RelayBackOff()
            var generator = SystemRandomNumberGenerator()
            let absence = Absence()
            while !Task.isCancelled {
                do {
                    if current == nil { current = try await register(timeout: Self.answer) }
                    if let registration = current.take() {
                        let start = reactor.now
                        do {
                            current = try await serve(registration, absence) { circuit in
                                calls.addTask(executorPreference: reactor) { await take(circuit, at: registration.rank) }
                            }
                        } catch {
                            // One that was up for a while had nothing wrong with it.
                            if reactor.now &- start >= RelayBackOff.settled { backOff.succeeded() }
                            throw error
                        }
                    }
                    if current != nil { continue }
                } catch is CancellationError {
                    break
                } catch {
                    guard inbox.tell(error) else { break }
                }
                var pause = backOff.next(using: &generator)
                if let left = absence.left(reactor.now) { pause = max(pause, left * Double.random(in: 1...1.5, using: &generator)) }
                guard (try? await reactor.sleep(for: pause)) != nil else { break }
            }
            current?.withdraw()
            current?.stream.close(abort: false)
            calls.cancelAll()
        }
    }

    /// Serves one registration until it ends.
    /// - Returns: the one that takes its place already, where there is another relay.
    private func serve(
        _ registration: RelayRegistration,
        _ absence: Absence,
        _ call: ([UInt8]) -> Void
    ) async throws -> RelayRegistration? {
        let next = Successor()
        do {
            try await withThrowingDiscardingTaskGroup { group in
                defer {
                    if Task.isCancelled { registration.withdraw() }
                    registration.stream.close(abort: false)
                    group.cancelAll()
                }
                group.addTask(executorPreference: reactor) {
                    if let better = try await attend(registration) { await leave(registration, for: better, next) }
                }
                var wire = ByteBuffer()
                var isLeaving = false
                var words = Self.mostWords
                var renewal = reactor.deadline(after: registration.lease)
                var frames = 0
                while true {
                    let message = try await registration.receive(&wire)
                    frames &+= 1
                    // What comes without a pause must not have the reactor to itself.
                    if frames.isMultiple(of: Self.turn) { await Task.yield() }
                    if case .incoming = message {
                    } else {
                        if reactor.now >= renewal {
                            words = Self.mostWords
                            renewal = reactor.deadline(after: registration.lease)
                        }
                        words -= 1
                        guard words >= 0 else {
                            throw PatchbayError(
                                .protocolViolation,
                                "the relay says more than there is to say",
                                stage: .listen,
                                layer: RelayTransport.layer
                            )
                        }
                    }
                    switch message {
                    case .incoming(let circuit, _): call(circuit)
                    case .failure(let code, let text):
                        throw PatchbayError(code, "the relay says: \(text)", stage: .listen, layer: RelayTransport.layer)
                    case .notice(.relayDown, _, let after) where !isLeaving:
                        isLeaving = true
                        let asked = Duration.milliseconds(Int64(after ?? 0))
                        absence.begin(reactor.deadline(after: min(asked, Self.longestAbsence)))
                        guard target.ways.count > 1 else { continue }
                        // Over there before this one is gone: calls that are under way here still come.
                        group.addTask(executorPreference: reactor) {
                            guard let other = try? await elsewhere(registration.rank) else { return }
                            registration.stream.shutdownOutput()
                            await leave(registration, for: other, next)
                        }
                    case .ping, .pong, .notice: break
                    default:
                        throw PatchbayError(
                            .protocolViolation,
                            "the relay sent a frame that is not due",
                            stage: .listen,
                            layer: RelayTransport.layer
                        )
                    }
                }
            }
        } catch {
            if let next = next.take() {
                if !Task.isCancelled { return next }
                next.stream.close(abort: true)
            }
            throw error
        }
        return nil
    }

    /// Has the relay know that this end is there, and goes back to a relay that goes before it once there is one.
    private func attend(_ registration: RelayRegistration) async throws -> RelayRegistration? {
        let pause = min(registration.lease / 3, .seconds(10))
        var generator = SystemRandomNumberGenerator()
        var sinceAttempt = Self.homecoming * Double.random(in: 0...0.5, using: &generator)
        while true {
            try await reactor.sleep(for: pause)
            try await registration.send(.ping)
            sinceAttempt += pause
            guard registration.rank > 0, sinceAttempt >= Self.homecoming else { continue }
            sinceAttempt = Self.homecoming * Double.random(in: 0...0.5, using: &generator)
            guard let better = try? await register(target.ways[..<registration.rank], timeout: pause) else { continue }
            try? await registration.send(.withdraw)
            return better
        }
    }

    /// Has another registration take this one's place, whose relay has a moment for calls that are on their way.
    private func leave(_ registration: RelayRegistration, for other: RelayRegistration, _ next: Successor) async {
        next.put(other)
        try? await reactor.sleep(for: Self.farewell)
        registration.stream.close(abort: false)
    }

    /// Another relay, the name's order kept.
    private func elsewhere(_ rank: Int) async throws -> RelayRegistration {
        do {
            return try await register(target.ways[..<rank], timeout: Self.answer)
        } catch {
            return try await register(target.ways[(rank + 1)...], timeout: Self.answer)
        }
    }

    // MARK: - Calls

    /// A call's own connection. One that fails is the dialer's to notice: the relay tells it.
    private func take(_ circuit: [UInt8], at rank: Int) async {
        guard inbox.expectOne() else { return }
        guard let stream = try? await target.ways[rank].dial(on: reactor, timeout: Self.answer) else { return inbox.expectNone() }
        var opening = RelayOpening(.accept(circuit: circuit), key: nil, nonce: RelayTarget.nonce())
        do {
            let exchange = RelayExchange(stream, deadline: reactor.deadline(after: Self.answer))
            let outcome = try await exchange.run(&opening)
            inbox.put(RelayedCall(stream: stream, realm: outcome.realm, circuit: circuit))
        } catch {
            stream.close(abort: true)
            inbox.expectNone()
        }
    }
}

/// The registration that takes another one's place.
private final class Successor: Sendable {
    private let registration = Locked<RelayRegistration?>(nil)

    func put(_ registration: RelayRegistration) {
        let earlier = self.registration.withLock { held in
            defer { held = registration }
            return held
        }
        earlier?.stream.close(abort: true)
    }

    func take() -> RelayRegistration? { registration.withLock { $0.take() } }
}

/// Until when a relay that went down has asked to be left alone.
private final class Absence: Sendable {
    private let end = Atomic<UInt64>(0)

    func begin(_ end: UInt64) { self.end.store(end, ordering: .relaxed) }

    func left(_ now: UInt64) -> Duration? {
        let end = end.load(ordering: .relaxed)
        return end > now ? .nanoseconds(Int64(clamping: end - now)) : nil
    }
}
