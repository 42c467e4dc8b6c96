internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// A name at a relay: registered, kept, and registered again after any fault; each call comes on a connection of its own.
final class RelayListener: StreamListener {
    /// A refusal that coming again does not change.
    private static let final: Set<PatchbayError.Code> = [
        .permissionDenied, .authenticationFailed, .nameTaken, .versionMismatch, .protocolViolation, .invalidOption,
    ]
    /// How long a call's connection may take.
    private static let answer = Duration.seconds(10)

    private let relay: RelayAddress
    private let reactor: Reactor
    private let inbox = StreamInbox()
    /// Tells one listener's second coming from another listener.
    private let instance: [UInt8]
    private let keeping = Locked<Task<Void, Never>?>(nil)

    init(_ relay: RelayAddress, reactor: Reactor) {
        self.relay = relay
        self.reactor = reactor
        instance = Array(RelayAddress.nonce().prefix(RelayMessage.instanceBytes))
    }

    deinit { close() }

    var boundTarget: String { relay.target }
    var address: Address? { nil }

    func accept(_ home: @Sendable () -> Reactor) async throws -> (any ByteStream)? {
        guard let item = await inbox.take() else { return nil }
        let socket = try item.get()
        var stream = socket.stream
        let home = home()
        // Dialled where the listener lives; its connection may live elsewhere.
        if home !== stream.reactor, let moved = stream.takeSocket() {
            stream = SocketStream(socket: moved, isUnix: false, fitsSendBuffer: true, reactor: home)
        }
        return RelayedStream(stream, realm: socket.realm, name: relay.name, circuit: socket.circuit)
    }

    func close() {
        keeping.withLock { $0.take() }?.cancel()
        inbox.close()
    }

    /// Registers once; from then on it is kept up.
    func start(timeout: Duration?) async throws {
        let registration = try await Self.register(relay, instance, on: reactor, timeout: timeout)
        let keeper = Keeper(relay: relay, instance: instance, reactor: reactor, inbox: inbox)
        let task = Task(executorPreference: reactor) { await keeper.run(registration) }
        keeping.withLock { $0 = task }
    }

    fileprivate struct Registration: Sendable {
        var stream: SocketStream
        var lease: Duration
    }

    fileprivate nonisolated(nonsending) static func register(
        _ relay: RelayAddress,
        _ instance: [UInt8],
        on reactor: Reactor,
        timeout: Duration?
    ) async throws -> Registration {
        let stream = try await relay.dial(on: reactor, timeout: timeout)
        do {
            var opening = RelayOpening(
                .listen(name: relay.name, generation: relay.generation, instance: instance),
                key: relay.key,
                nonce: RelayAddress.nonce()
            )
            let exchange = RelayExchange(stream, deadline: timeout.map { reactor.now &+ $0.nanoseconds } ?? .max)
            let outcome = try await exchange.run(&opening)
            return Registration(stream: stream, lease: .milliseconds(Int64(max(outcome.lease ?? 0, 1000))))
        } catch {
            stream.close(abort: true)
            throw error
        }
    }

    /// What goes on while the listener lives; apart from it, so that it does not keep it alive.
    private struct Keeper: Sendable {
        var relay: RelayAddress
        var instance: [UInt8]
        var reactor: Reactor
        var inbox: StreamInbox

        func run(_ first: Registration) async {
            var registration: Registration? = first
            var backOff = RelayBackOff()
            var generator = SystemRandomNumberGenerator()
            while !Task.isCancelled {
                do {
                    let current: Registration
                    if let given = registration.take() {
                        current = given
                    } else {
                        current = try await RelayListener.register(relay, instance, on: reactor, timeout: RelayListener.answer)
                    }
                    backOff.succeeded()
                    try await serve(current)
                } catch let error as PatchbayError where RelayListener.final.contains(error.code) {
                    _ = inbox.put(.failure(error))
                    return inbox.close()
                } catch {
                    // Tried again.
                }
                guard (try? await reactor.sleep(for: backOff.next(using: &generator))) != nil else { return }
            }
        }

        /// Until the line to the relay is cut.
        private func serve(_ registration: Registration) async throws {
            let stream = registration.stream
            defer { stream.close(abort: Task.isCancelled) }
            try await withThrowingDiscardingTaskGroup { group in
                group.addTask {
                    var ping = ByteBuffer()
                    try RelayMessage.ping.write(into: &ping)
                    while true {
                        try await reactor.sleep(for: registration.lease / 3)
                        try await RelayExchange(stream, deadline: reactor.now &+ registration.lease.nanoseconds).send(ping)
                    }
                }
                var wire = ByteBuffer()
                while true {
                    let exchange = RelayExchange(stream, deadline: reactor.now &+ registration.lease.nanoseconds)
                    try await exchange.receive(into: &wire, to: 2)
                    let needed = RelayMessage.bytesNeeded(wire)
                    guard needed <= RelayMessage.largest + 2 else { throw Self.violation("a frame of \(needed) bytes") }
                    try await exchange.receive(into: &wire, to: needed)
                    guard let (message, _) = try RelayMessage.read(&wire) else { continue }
                    wire.clear()
                    switch message {
                    case .incoming(let circuit, _): group.addTask { await take(circuit) }
                    case .failure(let code, let text): throw PatchbayError(code, "the relay says: \(text)", stage: .listen, layer: RelayTransport.layer)
                    case .ping, .pong, .notice: break
                    default: throw Self.violation("a frame that is not due")
                    }
                }
            }
        }

        /// A call's own connection. One that fails is the dialer's to notice: the relay tells it.
        private func take(_ circuit: [UInt8]) async {
            guard let stream = try? await relay.dial(on: reactor, timeout: RelayListener.answer) else { return }
            var opening = RelayOpening(.accept(circuit: circuit), key: nil, nonce: RelayAddress.nonce())
            do {
                let exchange = RelayExchange(stream, deadline: reactor.now &+ RelayListener.answer.nanoseconds)
                let outcome = try await exchange.run(&opening)
                if inbox.put(.success(RelayedSocket(stream: stream, realm: outcome.realm, circuit: circuit))) { return }
            } catch {}
            stream.close(abort: true)
        }

        private static func violation(_ what: String) -> PatchbayError {
            PatchbayError(.protocolViolation, "the relay sent \(what)", stage: .listen, layer: RelayTransport.layer)
        }
    }
}
