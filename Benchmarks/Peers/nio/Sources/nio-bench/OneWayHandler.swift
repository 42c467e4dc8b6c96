internal import NIOCore

/// Sends for so long, then asks for an answer: the clock stops when the server has read everything.
final class OneWayHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let message: ByteBuffer
    private let clockInterval: Int
    private let seconds: Double
    private let finished: EventLoopPromise<Results>
    private var results = Results()
    private var isWarm = false
    private var isSending = false
    private var hasSentAll = false
    private var start: UInt64 = 0
    private var end: UInt64 = 0

    init(size: Int, seconds: Double, finished: EventLoopPromise<Results>) {
        message = makeMessage(size, Request.sink)
        clockInterval = size > 4096 ? 1 : 64
        self.seconds = seconds
        self.finished = finished
    }

    func channelActive(context: ChannelHandlerContext) {
        begin(context, for: seconds / 4)
    }

    private func begin(_ context: ChannelHandlerContext, for seconds: Double) {
        results.count = 0
        hasSentAll = false
        start = nanoseconds()
        end = start + UInt64(seconds * 1e9)
        send(context)
    }

    /// Flushing tells of writability before it returns, hence the guard.
    private func send(_ context: ChannelHandlerContext) {
        guard !isSending, !hasSentAll else { return }
        isSending = true
        while !hasSentAll, context.channel.isWritable {
            while !hasSentAll, context.channel.isWritable {
                for _ in 0..<clockInterval { context.write(wrapOutboundOut(message), promise: nil) }
                results.count += UInt64(clockInterval)
                guard nanoseconds() >= end else { continue }
                hasSentAll = true
                context.write(wrapOutboundOut(makeMessage(1, Request.finish)), promise: nil)
            }
            context.flush()
        }
        isSending = false
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        send(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        results.nanoseconds = nanoseconds() - start
        results.total += results.count
        if isWarm {
            finished.succeed(results)
        } else {
            isWarm = true
            begin(context, for: seconds)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finished.fail(error)
    }
}
