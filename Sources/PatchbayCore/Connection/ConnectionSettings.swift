internal import NIOCore
internal import PatchbayIO

/// What connections were told about themselves when they were made: limits, times and layers. Shared by all of one listener.
final class ConnectionSettings: Sendable {
    let codec: any Codec
    /// Outermost first.
    let processors: [any Processor]
    let framing: any Framing
    /// Below the framing, outermost first.
    let streamProcessors: [any Processor]
    let maximumMessageBytes: Int
    let lengthPrefix: LengthPrefix?
    let checksBodies: Bool
    /// A longer message goes in several frames, in bytes.
    let largestFragment: Int
    /// The framing puts something behind a body, which then cannot go by reference.
    let hasTrailer: Bool
    /// A send suspends while so many bytes wait.
    let highWaterBytes: Int
    let receiveTimeout: Duration?
    /// The same; `.max` without one.
    let receiveTimeoutNanoseconds: UInt64
    let sendTimeout: Duration?
    let closeTimeout: Duration
    let cost: Int
    let canSend: Bool
    let canReceive: Bool
    let takesDescriptors: Bool
    let stack: Stack?

    /// Frames of our own stand between messages: after a greeting, and in the framing that can tell them from messages.
    let hasControlFrames: Bool

    /// For a stack.
    init(_ stack: Stack) {
        codec = stack.codec
        processors = stack.messageProcessors
        framing = stack.framing
        streamProcessors = stack.streamProcessors
        (largestFragment, hasTrailer) = Self.shape(of: stack.framing)
        lengthPrefix = stack.framing.lengthPrefix
        checksBodies = stack.framing.checksBodies
        maximumMessageBytes = stack.connection.maxMessage
        highWaterBytes = stack.connection.highWater
        receiveTimeout = stack.connection.receiveTimeout
        receiveTimeoutNanoseconds = receiveTimeout?.nanoseconds ?? .max
        sendTimeout = stack.connection.sendTimeout
        closeTimeout = stack.connection.closeTimeout
        cost = stack.connection.cost
        canSend = true
        canReceive = true
        takesDescriptors = stack.connection.descriptors
        hasControlFrames = !stack.isBare && stack.framing is LengthFraming
        self.stack = stack
    }

    /// For one end of a pipe.
    init(codec: any Codec, framing: any Framing, canSend: Bool, canReceive: Bool) {
        self.codec = codec
        self.framing = framing
        self.canSend = canSend
        self.canReceive = canReceive
        processors = []
        streamProcessors = []
        (largestFragment, hasTrailer) = Self.shape(of: framing)
        lengthPrefix = framing.lengthPrefix
        checksBodies = framing.checksBodies
        maximumMessageBytes = 16 << 20
        highWaterBytes = 256 << 10
        receiveTimeout = nil
        receiveTimeoutNanoseconds = .max
        sendTimeout = nil
        closeTimeout = .seconds(2)
        cost = 0
        takesDescriptors = false
        hasControlFrames = false
        stack = nil
    }

    private static func shape(of framing: any Framing) -> (largestFragment: Int, hasTrailer: Bool) {
        var trailer = ByteBuffer()
        framing.writeTrailer(into: &trailer)
        return ((framing as? LengthFraming)?.largestFragment ?? .max, trailer.readableBytes > 0)
    }
}
