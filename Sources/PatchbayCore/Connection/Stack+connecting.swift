internal import NIOCore
internal import PatchbayIO

extension Stack {
    /// Something is exchanged before the first message.
    var needsOpening: Bool { !isBare || !authenticators.isEmpty }

    /// The one that comes before the greeting, or before the first message of a bare stack.
    var underlying: (any Authenticator)? { authenticators.first { $0.traits.medium == .stream }?.authenticator }

    var securing: (any Authenticator)? { authenticators.first { $0.traits.secures && $0.traits.medium != .stream }?.authenticator }

    var identity: (any Authenticator)? { authenticators.first { !$0.traits.secures }?.authenticator }

    var handshakeData: HandshakeData { HandshakeData(data.map { HandshakeData.Pair($0.name, $0.value) }) }

    /// The URL that peers dial once the transport is bound: the layers as written, and no options.
    func boundURL(_ target: String) -> String {
        let layers = redactedURL.firstRange(of: "://").map { redactedURL[..<$0.lowerBound] }
        return "\(layers ?? Substring(transportName))://\(target)"
    }
}
