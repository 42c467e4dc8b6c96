internal import NIOCore

/// What the first byte of a message asks of the server.
enum Request {
    static let echo = UInt8(ascii: "E")
    static let sink = UInt8(ascii: "S")
    static let finish = UInt8(ascii: "F")
}

let smallMessageBytes = 64

func makeMessage(_ size: Int, _ request: UInt8) -> ByteBuffer {
    var message = ByteBuffer(repeating: UInt8(ascii: "x"), count: max(size, 1))
    message.setInteger(request, at: 0)
    return message
}

/// Raw C's frames: a big-endian 32-bit length, and that many bytes.
struct FrameDecoder: ByteToMessageDecoder {
    typealias InboundOut = ByteBuffer

    mutating func decode(context: ChannelHandlerContext, buffer: inout ByteBuffer) throws -> DecodingState {
        guard let message = buffer.readLengthPrefixedSlice(as: UInt32.self) else { return .needMoreData }
        context.fireChannelRead(wrapInboundOut(message))
        return .continue
    }
}

/// A small message is copied behind its header: one buffer is cheaper to write than two. A large one is written from where
/// it lies.
final class FrameEncoder: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let largeMessageBytes = 16 << 10

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let message = unwrapOutboundIn(data)
        let count = message.readableBytes
        let isLarge = count >= Self.largeMessageBytes
        var frame = context.channel.allocator.buffer(capacity: isLarge ? 4 : 4 + count)
        frame.writeInteger(UInt32(count))
        guard !isLarge else {
            context.write(wrapOutboundOut(frame), promise: nil)
            context.write(wrapOutboundOut(message), promise: promise)
            return
        }
        frame.writeImmutableBuffer(message)
        context.write(wrapOutboundOut(frame), promise: promise)
    }
}

extension ChannelPipeline.SynchronousOperations {
    func addFrames() throws {
        try addHandler(ByteToMessageHandler(FrameDecoder()))
        try addHandler(FrameEncoder())
    }
}
