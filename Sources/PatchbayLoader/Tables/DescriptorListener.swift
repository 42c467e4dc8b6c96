internal import PatchbayCore
internal import PatchbayIO

/// A listening socket of a plugin, from which the host accepts.
final class DescriptorListener: StreamListener {
    let boundTarget: String
    private let listener: SocketListener
    private let keepsBoundaries: Bool
    private let layer: String

    init(_ listener: SocketListener, boundTarget: String, keepsBoundaries: Bool, layer: String) {
        self.listener = listener
        self.boundTarget = boundTarget
        self.keepsBoundaries = keepsBoundaries
        self.layer = layer
    }

    // The reactor holds the socket, and would for ever.
    deinit { close() }

    var address: Address? { listener.address }

    func accept(_ home: @Sendable () -> Reactor) async throws -> (any ByteStream)? {
        do {
            guard let stream = try await listener.accept(home) else { return nil }
            return keepsBoundaries ? PacketSocketStream(stream) : stream
        } catch let failure as IOFailure {
            throw SystemErrors.explain(failure, boundTarget, stage: .listen, layer: layer)
        }
    }

    func close() { listener.close() }
}
