internal import NIOCore
internal import NIOPosix

/// Everything on the event loop, by callbacks.
struct HandlersClient: Client {
    let endpoint: Endpoint

    /// A connection with a handler of its own behind the frames.
    private func open<Handler: ChannelInboundHandler>(
        on loop: any EventLoop,
        _ makeHandler: @escaping @Sendable () -> Handler
    ) -> EventLoopFuture<any Channel> {
        endpoint.client(on: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addFrames()
                    try channel.pipeline.syncOperations.addHandler(makeHandler())
                }
            }
            .connect(to: endpoint.address)
    }

    func roundTrips(size: Int, for seconds: Double, window: Int) async throws -> Results {
        try await run(connections: 1, size: size, window: window, for: seconds)
    }

    func both(size: Int, for seconds: Double) async throws -> Results {
        try await run(connections: 1, size: size, window: bothWaysWindow(size), for: seconds)
    }

    func fanIn(connections: Int, for seconds: Double) async throws -> Results {
        try await run(connections: connections, size: smallMessageBytes, window: 1, for: seconds)
    }

    private func run(connections: Int, size: Int, window: Int, for seconds: Double) async throws -> Results {
        let loop = endpoint.group.next()
        let finished = loop.makePromise(of: Results.self)
        let meter = Meter(seconds: seconds, finished: finished)
        var channels: [any Channel] = []
        for _ in 0..<connections {
            channels.append(try await open(on: loop) { WindowHandler(size: size, window: window, meter: meter) }.get())
        }
        loop.execute { [channels] in
            meter.begin()
            for channel in channels { channel.pipeline.fireUserInboundEventTriggered(Start()) }
        }
        return try await finished.futureResult.get()
    }

    func oneWay(size: Int, for seconds: Double) async throws -> Results {
        let loop = endpoint.group.next()
        let finished = loop.makePromise(of: Results.self)
        _ = try await open(on: loop) { OneWayHandler(size: size, seconds: seconds, finished: finished) }.get()
        return try await finished.futureResult.get()
    }

    func openLoop(rate: Double, size: Int, for seconds: Double) async throws -> Results {
        let loop = endpoint.group.next()
        let finished = loop.makePromise(of: Results.self)
        _ = try await open(on: loop) {
            ScheduleHandler(rate: rate, size: size, seconds: seconds, finished: finished)
        }.get()
        return try await finished.futureResult.get()
    }

    func connect(for seconds: Double) async throws -> Results {
        let loop = endpoint.group.next()
        var total: UInt64 = 0
        for duration in [seconds / 4, seconds] {
            let start = nanoseconds()
            let finished = loop.makePromise(of: UInt64.self)
            loop.execute { connect(on: loop, until: start + UInt64(duration * 1e9), count: 0, finished: finished) }
            let count = try await finished.futureResult.get()
            let elapsed = nanoseconds() - start
            total += count
            if duration == seconds { return Results(count: count, total: total, nanoseconds: elapsed) }
        }
        throw UnexpectedAnswer()
    }

    /// Connects, waits for one answer, closes, and does it again.
    private func connect(on loop: any EventLoop, until end: UInt64, count: UInt64, finished: EventLoopPromise<UInt64>) {
        let answered = loop.makePromise(of: Void.self)
        open(on: loop) { OnceHandler(answered: answered) }
            .flatMap { channel in answered.futureResult.flatMap { channel.close() } }
            .whenComplete { result in
                switch result {
                case .failure(let error): finished.fail(error)
                case .success where nanoseconds() >= end: finished.succeed(count + 1)
                case .success: connect(on: loop, until: end, count: count + 1, finished: finished)
                }
            }
    }

    func holding(_ count: Int, _ body: () async throws -> Int) async throws -> Int {
        let loop = endpoint.group.next()
        for _ in 0..<count {
            let answered = loop.makePromise(of: Void.self)
            _ = try await open(on: loop) { OnceHandler(answered: answered) }.get()
            try await answered.futureResult.get()
        }
        return try await body()
    }
}

/// One round trip.
final class OnceHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answered: EventLoopPromise<Void>

    init(answered: EventLoopPromise<Void>) {
        self.answered = answered
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(makeMessage(smallMessageBytes, Request.echo)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        answered.succeed()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answered.fail(error)
    }
}
