internal import NIOCore

/// Messages leave on a fixed schedule, whatever comes back. A latency counts from the instant at which a message should have
/// left.
final class ScheduleHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let message: ByteBuffer
    private let interval: Double
    private let first: Int
    private let all: Int
    private let seconds: Double
    private let finished: EventLoopPromise<Results>
    private var results = Results()
    private var start: UInt64 = 0
    private var lastDeparture: UInt64 = 0
    private var sent = 0
    private var received = 0

    init(rate: Double, size: Int, seconds: Double, finished: EventLoopPromise<Results>) {
        message = makeMessage(size, Request.echo)
        interval = 1e9 / rate
        first = Int(rate * seconds / 4)
        all = first + Int(rate * seconds) + 1
        self.seconds = seconds
        self.finished = finished
    }

    private func due(_ number: Int) -> UInt64 { start + UInt64(Double(number) * interval) }

    func channelActive(context: ChannelHandlerContext) {
        start = nanoseconds()
        context.eventLoop.assumeIsolated().scheduleTask(in: .nanoseconds(Int64(3e9 * seconds) + 1_000_000_000)) { self.finish() }
        send(context)
    }

    private func send(_ context: ChannelHandlerContext) {
        let now = nanoseconds()
        while sent < all, due(sent) <= now {
            context.write(wrapOutboundOut(message), promise: nil)
            sent += 1
            lastDeparture = now
        }
        context.flush()
        guard sent < all else { return }
        context.eventLoop.assumeIsolated().scheduleTask(deadline: .uptimeNanoseconds(due(sent))) { self.send(context) }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if received >= first { results.latencies.add(nanoseconds() - due(received)) }
        received += 1
        if received == all { finish() }
    }

    /// What never came back has waited at least until now.
    private func finish() {
        let now = nanoseconds()
        for number in max(received, first)..<max(received, first, all) { results.latencies.add(now - due(number)) }
        received = all
        results.count = UInt64(max(0, sent - first))
        results.total = UInt64(sent)
        results.nanoseconds = max(1, lastDeparture - min(lastDeparture, due(first)))
        finished.succeed(results)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        finished.fail(error)
    }
}
