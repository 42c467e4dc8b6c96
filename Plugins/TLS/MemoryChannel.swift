internal import NIOCore

/// A channel that ends in memory: it holds what its handlers write until someone fetches it. Reached under the engine's lock alone.
final class MemoryChannel: Channel, ChannelCore, NIOSynchronousChannelOptions, @unchecked Sendable {
    // Sendable: see above.
    private let loop = LockedEventLoop()
    private lazy var closing = loop.makePromise(of: Void.self)
    /// Bytes for the wire, in order.
    private var written: [ByteBuffer] = []
    /// The handler gave the channel up: nothing more comes of it.
    private(set) var isClosed = false

    let allocator = ByteBufferAllocator()
    lazy var pipeline = ChannelPipeline(channel: self)
    /// What a certificate for an address, not a name, is compared with.
    let remoteAddress: SocketAddress?
    private(set) var isActive = false

    init(remoteAddress: SocketAddress?) { self.remoteAddress = remoteAddress }

    var eventLoop: any EventLoop { loop }
    var closeFuture: EventLoopFuture<Void> { closing.futureResult }
    var localAddress: SocketAddress? { nil }
    var parent: (any Channel)? { nil }
    var isWritable: Bool { true }
    var _channelCore: any ChannelCore { self }
    var syncOptions: (any NIOSynchronousChannelOptions)? { self }

    // MARK: For the engine

    func activate() {
        isActive = true
        pipeline.syncOperations.fireChannelActive()
        loop.run()
    }

    func receive(_ bytes: ByteBuffer) {
        pipeline.syncOperations.fireChannelRead(NIOAny(bytes))
        pipeline.syncOperations.fireChannelReadComplete()
        loop.run()
    }

    func send(_ bytes: ByteBuffer) {
        pipeline.syncOperations.writeAndFlush(NIOAny(bytes), promise: nil)
        loop.run()
    }

    func endOutput() {
        pipeline.syncOperations.close(mode: .output, promise: nil)
        loop.run()
    }

    /// Moves all that was written to the end of `wire`.
    func fetch(into wire: inout ByteBuffer) {
        for bytes in written { wire.writeImmutableBuffer(bytes) }
        written.removeAll(keepingCapacity: true)
    }

    /// Lets the handlers go, which hold the channel.
    func dismantle() {
        removeHandlers(pipeline: pipeline)
        loop.run()
    }

    // MARK: ChannelCore

    func write0(_ data: NIOAny, promise: EventLoopPromise<Void>?) {
        if let bytes = tryUnwrapData(data, as: ByteBuffer.self), bytes.readableBytes > 0 { written.append(bytes) }
        promise?.succeed(())
    }

    func close0(error: any Error, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        if case .all = mode { isClosed = true }
        promise?.succeed(())
    }

    func flush0() {}
    func read0() {}
    func register0(promise: EventLoopPromise<Void>?) { promise?.succeed(()) }
    func registerAlreadyConfigured0(promise: EventLoopPromise<Void>?) { promise?.succeed(()) }
    func bind0(to: SocketAddress, promise: EventLoopPromise<Void>?) { promise?.fail(ChannelError.operationUnsupported) }
    func connect0(to: SocketAddress, promise: EventLoopPromise<Void>?) { promise?.fail(ChannelError.operationUnsupported) }
    func triggerUserOutboundEvent0(_ event: Any, promise: EventLoopPromise<Void>?) { promise?.fail(ChannelError.operationUnsupported) }
    // The last handler keeps both to itself.
    func channelRead0(_ data: NIOAny) {}
    func errorCaught0(error: any Error) {}
    func localAddress0() throws -> SocketAddress { throw ChannelError.unknownLocalAddress }

    func remoteAddress0() throws -> SocketAddress {
        guard let remoteAddress else { throw ChannelError.operationUnsupported }
        return remoteAddress
    }

    // MARK: Options

    func getOption<Option: ChannelOption>(_ option: Option) throws -> Option.Value {
        // Each direction of a connection ends on its own.
        if option is ChannelOptions.Types.AllowRemoteHalfClosureOption || option is ChannelOptions.Types.AutoReadOption,
            let value = true as? Option.Value
        {
            return value
        }
        throw ChannelError.operationUnsupported
    }

    func setOption<Option: ChannelOption>(_ option: Option, value: Option.Value) throws { throw ChannelError.operationUnsupported }

    func setOption<Option: ChannelOption>(_ option: Option, value: Option.Value) -> EventLoopFuture<Void> {
        loop.makeFailedFuture(ChannelError.operationUnsupported)
    }

    func getOption<Option: ChannelOption>(_ option: Option) -> EventLoopFuture<Option.Value> {
        loop.makeFailedFuture(ChannelError.operationUnsupported)
    }
}
