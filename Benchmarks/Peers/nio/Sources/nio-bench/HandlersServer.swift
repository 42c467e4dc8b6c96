internal import NIOCore
internal import NIOPosix

/// A write for each answer, and a flush for all that one turn of the loop brought.
final class AnswerHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private var hasAnswered = false

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let message = unwrapInboundIn(data)
        switch message.getInteger(at: message.readerIndex, as: UInt8.self) {
        case Request.sink: return
        case Request.echo: context.write(wrapOutboundOut(message), promise: nil)
        default: context.write(wrapOutboundOut(ByteBuffer(string: "A")), promise: nil)
        }
        hasAnswered = true
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        guard hasAnswered else { return }
        hasAnswered = false
        context.flush()
    }

    // A client that does not read is not read either.
    func channelWritabilityChanged(context: ChannelHandlerContext) {
        context.channel.setOption(.autoRead, value: context.channel.isWritable).whenFailure { _ in }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

func serveWithHandlers(_ endpoint: Endpoint) async throws {
    let listener = try await endpoint.server
        // Only a client that reads nothing should be held back, not one whose echoes are merely on their way.
        .childChannelOption(.writeBufferWaterMark, value: .init(low: 1 << 20, high: 4 << 20))
        .childChannelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addFrames()
                try channel.pipeline.syncOperations.addHandler(AnswerHandler())
            }
        }
        .bind(to: endpoint.address).get()
    sayReady()
    try await listener.closeFuture.get()
}
