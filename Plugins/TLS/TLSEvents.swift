internal import NIOCore
internal import NIOTLS

/// The end of an engine's pipeline: what the TLS handler tells.
final class TLSEvents: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// Opened, not yet fetched.
    var plain = ByteBuffer()
    private(set) var isUp = false
    private(set) var applicationProtocol: String?
    /// The peer said close_notify.
    private(set) var hasEnded = false
    /// The first; those that follow are of its making.
    private(set) var error: (any Error)?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // A copy: the handler uses the same memory again for what comes next.
        plain.writeImmutableBuffer(unwrapInboundIn(data))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(let negotiated)? = event as? TLSUserEvent {
            isUp = true
            applicationProtocol = negotiated
        } else if case .inputClosed? = event as? ChannelEvent {
            hasEnded = true
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if self.error == nil { self.error = error }
    }
}
