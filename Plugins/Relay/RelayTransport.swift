internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO

/// Dials a name, and listens as one.
struct RelayTransport: Transport {
    static let layer = "relay"

    func connect(_ context: TransportContext) async throws -> any ByteStream {
        let address = try RelayAddress(context, stage: .dial)
        let deadline = context.deadline
        let stream = try await address.dial(on: context.reactor, timeout: context.timeout)
        do {
            var opening = RelayOpening(.dial(name: address.name), key: address.key, nonce: RelayAddress.nonce())
            let outcome = try await RelayExchange(stream, deadline: deadline).run(&opening)
            // The opening gives none without a circuit.
            return RelayedStream(stream, realm: outcome.realm, name: address.name, circuit: outcome.circuit ?? [])
        } catch {
            stream.close(abort: true)
            throw error
        }
    }

    func listen(_ context: TransportContext) async throws -> any StreamListener {
        let listener = RelayListener(try RelayAddress(context, stage: .listen), reactor: context.reactor)
        try await listener.start(timeout: context.timeout)
        return listener
    }
}

/// Where a relay is, which name is meant there, and what opens it.
struct RelayAddress: Sendable {
    var host: String
    var port: UInt16
    var name: String
    var key: RelayKey?
    var generation: UInt64

    init(_ context: TransportContext, stage: PatchbayError.Stage) throws {
        guard let host = context.host, let port = context.port.flatMap(UInt16.init(exactly:)), port > 0 else {
            throw Self.invalid("a relay has a host and a port, as in relay://relay.example:7000/worker", stage)
        }
        let name = context.path.hasPrefix("/") ? String(context.path.dropFirst()) : context.path
        guard (1...RelayMessage.longestName).contains(name.utf8.count), name.utf8.allSatisfy(Self.isOfAName) else {
            throw Self.invalid(
                "behind the relay stands one name, of letters, digits and . _ ~ -, as in relay://\(host):\(port)/worker",
                stage
            )
        }
        self.host = host
        self.port = port
        self.name = name
        key = try context.options.secret("access-key").map {
            try RelayKey(id: context.options.text("access-id") ?? "default", key: $0)
        }
        generation = UInt64(clamping: context.options.integer("generation") ?? 0)
    }

    private static func isOfAName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: [UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"), UInt8(ascii: "-")].contains(byte)
        }
    }

    private static func invalid(_ message: String, _ stage: PatchbayError.Stage) -> PatchbayError {
        PatchbayError(.invalidURL, message, stage: stage, layer: RelayTransport.layer)
    }

    var target: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)/\(name)" }

    static func nonce() -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<RelayAccess.nonceBytes).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }

    /// A connection to the relay.
    /// - Throws: `relayDown` where nothing answers.
    nonisolated(nonsending) func dial(on reactor: Reactor, timeout: Duration?) async throws -> SocketStream {
        do {
            return try await HostDialer(settings: TCPSettings(), reactor: reactor).connect(host: host, port: port, timeout: timeout)
        } catch let failure as HostDialer.Failure {
            let reason = failure.attempts.first.map { "\($0.error)" } ?? failure.resolution ?? "no address"
            throw PatchbayError(
                failure.timedOut ? .timedOut : .relayDown,
                "the relay \(host):\(port) does not answer (\(reason)); check its address, and that it runs",
                stage: .dial,
                layer: RelayTransport.layer,
                cause: failure.attempts.first?.error
            )
        }
    }
}

extension TransportContext {
    /// In nanoseconds of the monotonic clock; `.max` without a timeout.
    fileprivate var deadline: UInt64 {
        guard let timeout else { return .max }
        let (deadline, overflow) = reactor.now.addingReportingOverflow(timeout.nanoseconds)
        return overflow ? .max : deadline
    }
}
