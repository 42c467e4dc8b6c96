public import PatchbayIO

/// What a listener knows of a peer, authenticated as its stack demands, when it decides whether to admit it.
public struct PeerOffer: Sendable {
    /// Who the peer proved to be, where the authenticator tells.
    public var identity: String?
    /// The user that the peer named; proved only where ``identity`` says so.
    public var user: String?
    public var data: HandshakeData
    /// The peer as the transport sees it.
    public var peer: StreamPeer

    /// The peer said more of itself than the transport sees.
    var isTelling: Bool { identity != nil || user != nil || !data.pairs.isEmpty }

    public init(identity: String? = nil, user: String? = nil, data: HandshakeData = HandshakeData(), peer: StreamPeer = StreamPeer()) {
        self.identity = identity
        self.user = user
        self.data = data
        self.peer = peer
    }
}
