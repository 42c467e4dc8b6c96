internal import NIOCore

/// What the connections of one client add to. All are on one event loop, and only its thread comes here.
final class Meter: @unchecked Sendable {
    private(set) var results = Results()
    private var warm = UInt64.max
    private(set) var end = UInt64.max
    private let seconds: Double
    private let finished: EventLoopPromise<Results>
    private var isFinished = false

    init(seconds: Double, finished: EventLoopPromise<Results>) {
        self.seconds = seconds
        self.finished = finished
    }

    /// Starts the warm-up.
    func begin() {
        warm = nanoseconds() + UInt64(seconds * 1e9 / 4)
        end = warm + UInt64(seconds * 1e9)
    }

    func add(departure: UInt64, arrival: UInt64) {
        results.total += 1
        if arrival >= warm, arrival < end {
            results.latencies.add(arrival - departure)
        } else if arrival >= end {
            finish()
        }
    }

    private func finish() {
        guard !isFinished else { return }
        isFinished = true
        results.count = results.latencies.count
        results.nanoseconds = end - warm
        finished.succeed(results)
    }

    func fail(_ error: any Error) {
        isFinished = true
        finished.fail(error)
    }
}

/// Once all are connected, so that those who come last need not compete with the traffic of those before.
struct Start: Sendable {}

/// A closed loop: each answer lets the next message leave, and a batch of answers a batch.
final class WindowHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let clockInterval = 64

    private let message: ByteBuffer
    private let meter: Meter
    // A ring: when the messages left that are on their way.
    private var departures: [UInt64]
    private var sent = 0
    private var received = 0
    private var arrival: UInt64 = 0
    private var arrivals = 0

    init(size: Int, window: Int, meter: Meter) {
        message = makeMessage(size, Request.echo)
        departures = [UInt64](repeating: 0, count: window)
        self.meter = meter
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is Start { fill(context) }
    }

    private func fill(_ context: ChannelHandlerContext) {
        let now = nanoseconds()
        guard now < meter.end, sent - received < departures.count else { return }
        while sent - received < departures.count {
            departures[sent % departures.count] = now
            sent += 1
            context.write(wrapOutboundOut(message), promise: nil)
        }
        context.flush()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let answer = unwrapInboundIn(data)
        guard answer.readableBytes == message.readableBytes else {
            meter.fail(UnexpectedAnswer(bytes: answer.readableBytes))
            return
        }
        if arrivals % Self.clockInterval == 0 { arrival = nanoseconds() }
        arrivals += 1
        meter.add(departure: departures[received % departures.count], arrival: arrival)
        received += 1
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        arrivals = 0
        fill(context)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        meter.fail(error)
    }
}
