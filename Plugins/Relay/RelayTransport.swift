internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO

/// Dials a name, and listens as one.
struct RelayTransport: Transport {
    static let layer = "relay"

    func connect(_ context: TransportContext) async throws -> any ByteStream {
        let target = try RelayTarget(context, stage: .dial)
        return try await target.first(of: target.ways[...], on: context.reactor, timeout: context.timeout) { stream, _, deadline in
            var opening = RelayOpening(.dial(name: target.name), key: target.key, nonce: RelayTarget.nonce())
            let outcome = try await RelayExchange(stream, deadline: deadline).run(&opening)
            // The opening gives none without a circuit.
            return RelayedStream(stream, realm: outcome.realm, name: target.name, circuit: outcome.circuit ?? [])
        }
    }

    func listen(_ context: TransportContext) async throws -> any StreamListener {
        let keeper = RelayKeeper(try RelayTarget(context, stage: .listen), reactor: context.reactor)
        return RelayListener(keeper, try await keeper.register(timeout: context.timeout))
    }
}
