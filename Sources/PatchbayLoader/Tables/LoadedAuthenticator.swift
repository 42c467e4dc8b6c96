internal import CPatchbay
internal import NIOCore
internal import PatchbayCore

/// A plugin's authenticator.
struct LoadedAuthenticator: Authenticator {
    private let layer: AuthenticatorLayer
    private let values: OptionValues

    init(_ layer: AuthenticatorLayer, _ options: Options) {
        self.layer = layer
        values = OptionValues(layer.name, options, layer.options)
    }

    func makeHandshake(_ context: HandshakeContext) throws -> any Handshake {
        try layer.contract.check()
        return LoadedHandshake(layer, HandshakeKnowledge(values, context))
    }
}

/// What all authentications of one layer share.
struct AuthenticatorLayer: Sendable {
    var name: String
    var table: patchbay_authenticator
    var contract: PluginContract
    var options: [OptionSpecification]
    /// Its functions may wait.
    var isBlocking: Bool
    /// How many messages either side may send.
    var rounds: Int

    /// Where the metadata says nothing: more than any method in use has.
    static let defaultRounds = 16
    /// The content of the largest frame of a greeting, in bytes; a bare stack's framing has a bound of its own.
    static let messageBytes = LengthFraming.defaultLargestControl - 1

    var budget: HandshakeBudget { HandshakeBudget(messageBytes: Self.messageBytes, totalBytes: 64 << 10, messages: rounds) }
}
