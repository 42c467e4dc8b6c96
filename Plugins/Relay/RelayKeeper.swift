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
            while !Task.isCancelled {
                do {
                    if current == nil { current = try await register(timeout: Self.answer) }
                    if let registration = current.take() {
                        let start = reactor.now
                        do {
                            current = try await serve(registration) { circuit in
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
                guard (try? await reactor.sleep(for: backOff.next(using: &generator))) != nil else { break }
            }
            calls.cancelAll()
        }
    }

    /// Serves one registration until it ends.
    /// - Returns: the one that takes its place already, where there is another relay.
    private func serve(_ registration: RelayRegistration, _ call: ([UInt8]) -> Void) async throws -> RelayRegistration? {
        let next = Successor()
        do {
            try await withThrowingDiscardingTaskGroup { group in
                defer {
                    if Task.isCancelled { registration.withdraw() }
                    registration.stream.close(abort: false)
                    group.cancelAll()
                }
                group.addTask(executorPreference: reactor) {
                    if let better = try await attend(registration) { next.put(better) }
                }
                var wire = ByteBuffer()
                while true {
                    switch try await registration.receive(&wire) {
                    case .incoming(let circuit, _): call(circuit)
                    case .failure(let code, let text):
                        throw PatchbayError(code, "the relay says: \(text)", stage: .listen, layer: RelayTransport.layer)
                    case .notice(.relayDown, _, _) where target.ways.count > 1:
                        // Over there before this one is gone: calls that are under way here still come.
                        group.addTask(executorPreference: reactor) {
                            guard let other = try? await elsewhere(registration.rank) else { return }
                            next.put(other)
                            registration.stream.shutdownOutput()
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
