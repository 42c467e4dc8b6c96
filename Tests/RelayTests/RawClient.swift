import NIOCore
import PatchbayCore
import PatchbayIO
import PatchbayRelay
import PatchbayRelayServer

/// A relay for one test, which ends with it.
func withRelay<Result>(
    _ url: ConnectionURL = "tcp://127.0.0.1:0",
    access: String? = nil,
    limits: RelayLimits = RelayLimits(),
    registry: Registry,
    _ body: (Relay) async throws -> Result
) async throws -> Result {
    let relay = try await Relay.bind(url, registry: registry, access: access, limits: limits)
    return try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask { await relay.run() }
        do {
            let result = try await body(relay)
            group.cancelAll()
            return result
        } catch {
            group.cancelAll()
            throw error
        }
    }
}

/// A client that speaks the relay's protocol by hand.
struct RawClient: Sendable {
    var stream: SocketStream
    private static let patience = Duration.seconds(30)

    /// Connects, and says nothing yet.
    init(_ relay: Relay) async throws {
        let port = relay.boundTarget.split(separator: ":").last.flatMap { UInt16($0) } ?? 0
        stream = try await HostDialer(settings: TCPSettings(), reactor: ReactorGroup.shared.next())
            .connect(host: "127.0.0.1", port: port, timeout: Self.patience)
    }

    var exchange: RelayExchange { RelayExchange(stream, deadline: stream.reactor.deadline(after: Self.patience)) }

    func open(_ intent: RelayOpening.Intent) async throws -> RelayOpening.Outcome {
        var opening = RelayOpening(intent, key: nil, nonce: [UInt8](repeating: 5, count: RelayAccess.nonceBytes))
        return try await exchange.run(&opening)
    }

    /// Registers, without ever doing more than it is told to.
    static func listener(_ relay: Relay, _ name: String) async throws -> RawClient {
        let client = try await RawClient(relay)
        let instance = (0..<RelayMessage.instanceBytes).map { _ in UInt8.random(in: 0...255) }
        _ = try await client.open(.listen(name: name, generation: 0, instance: instance))
        return client
    }
}
