public import PatchbayIO

/// Something that went wrong with one peer; the listener goes on.
public enum ListenerEvent: Sendable {
    /// The system gave no connection, such as for want of descriptors.
    case acceptFailed(any Error)
    /// A peer did not get past the handshake.
    case handshakeFailed(StreamPeer, any Error)
    /// A connection's closure threw.
    case connectionFailed(Peer, any Error)
}
