public import PatchbayIO

/// A transport that another one dials through, in place of its own way: `via=unix:///run/relay.sock`.
public final class Carrier: Sendable {
    private let stack: Stack

    /// - Throws: `unsupported` for a URL with layers, or of a transport that passes others' machines itself.
    init(_ stack: Stack) throws(PatchbayError) {
        guard stack.layers.count(where: { $0.origin == .written || $0.kind != .transport && $0.origin != .default }) <= 1,
            !stack.transportTraits.passesOthers
        else {
            throw PatchbayError(
                .unsupported,
                "a carrier is one transport alone, such as unix:///run/relay.sock or tcp://relay.example:7000; layers stand before the outer one",
                stage: .resolve
            )
        }
        self.stack = stack
    }

    /// Where it leads, for print.
    public var shown: String { stack.redactedURL }

    /// Dials once.
    /// - Throws: as ``Transport/connect(_:)``.
    public func connect(on reactor: Reactor, timeout: Duration?) async throws -> any ByteStream {
        var context = stack.transportContext(on: reactor)
        context.timeout = timeout
        return try await stack.transport.connect(context)
    }
}
