internal import NIOCore

/// Processors below the framing, as a transform over the one that an authentication left, if any.
struct ProcessingSealer: StreamSealer {
    /// Outermost first.
    private var steps: [any ProcessorStep]
    private var inner: (any StreamSealer)?
    private let maximum: Int

    /// - Parameter maximum: bytes that one flush may become.
    init(_ processors: [any Processor], over inner: (any StreamSealer)?, maximum: Int) throws {
        steps = try processors.map { try $0.makeEncoder() }
        self.inner = inner
        self.maximum = maximum
    }

    mutating func seal(_ plain: UnsafeRawBufferPointer, into wire: inout ByteBuffer) throws(PatchbayError) {
        try push(ByteBuffer(bytes: plain), .sync, into: &wire)
    }

    mutating func sealEnd(into wire: inout ByteBuffer) throws(PatchbayError) {
        try push(ByteBuffer(), .finish, into: &wire)
        try inner?.sealEnd(into: &wire)
    }

    private static func seal(
        _ piece: ByteBuffer,
        with sealer: inout (any StreamSealer)?,
        into wire: inout ByteBuffer
    ) throws(PatchbayError) {
        do {
            try piece.withUnsafeReadableBytes { try sealer?.seal($0, into: &wire) }
        } catch {
            throw PatchbayError.wrapping(error, stage: .encode)
        }
    }

    private mutating func push(_ plain: ByteBuffer, _ flush: ProcessorFlush, into wire: inout ByteBuffer) throws(PatchbayError) {
        for piece in try ProcessorChain.run(stream: plain, through: &steps, flush, maximum: maximum) {
            if inner == nil {
                wire.writeImmutableBuffer(piece)
            } else {
                try Self.seal(piece, with: &inner, into: &wire)
            }
        }
    }
}

/// The incoming direction of ``ProcessingSealer``.
struct ProcessingOpener: StreamOpener {
    /// Innermost first.
    private var steps: [any ProcessorStep]
    private var inner: (any StreamOpener)?
    private let maximum: Int

    init(_ processors: [any Processor], over inner: (any StreamOpener)?, maximum: Int) throws {
        steps = try processors.reversed().map { try $0.makeDecoder() }
        self.inner = inner
        self.maximum = maximum
    }

    var endsWithRecord: Bool { inner?.endsWithRecord ?? false }

    mutating func open(_ wire: inout ByteBuffer, into plain: inout ByteBuffer, upTo maximum: Int) throws(PatchbayError) -> OpenOutcome {
        var input = ByteBuffer()
        if inner == nil {
            guard wire.readableBytes > 0 else { return .need(1) }
            swap(&input, &wire)
        } else if let outcome = try inner?.open(&wire, into: &input, upTo: maximum) {
            switch outcome {
            case .bytes: break
            case .need: return outcome
            case .end:
                try finish(into: &plain)
                return .end
            }
        }
        let before = plain.readableBytes
        try push(input, .none, into: &plain)
        return .bytes(plain.readableBytes - before)
    }

    mutating func finish(into plain: inout ByteBuffer) throws(PatchbayError) { try push(ByteBuffer(), .finish, into: &plain) }

    private mutating func push(_ input: ByteBuffer, _ flush: ProcessorFlush, into plain: inout ByteBuffer) throws(PatchbayError) {
        for piece in try ProcessorChain.run(stream: input, through: &steps, flush, maximum: maximum) { plain.writeImmutableBuffer(piece) }
    }
}

/// Runs what came through processors, one after the other.
enum ProcessorChain {
    /// Messages, each a unit of its own.
    static func run(messages: [ByteBuffer], through steps: inout [any ProcessorStep], maximum: Int) throws(PatchbayError) -> [ByteBuffer] {
        var messages = messages
        for index in steps.indices {
            var sink = ProcessorSink(maximum: maximum)
            for message in messages { try push(message, .finish, to: &steps[index], &sink) }
            messages = sink.buffers
        }
        return messages
    }

    /// A piece of a stream, whose pieces belong together.
    static func run(
        stream piece: ByteBuffer,
        through steps: inout [any ProcessorStep],
        _ flush: ProcessorFlush,
        maximum: Int
    ) throws(PatchbayError) -> [ByteBuffer] {
        var pieces = [piece]
        for index in steps.indices {
            var sink = ProcessorSink(maximum: maximum)
            var input = ByteBuffer()
            for piece in pieces { input.writeImmutableBuffer(piece) }
            try push(input, flush, to: &steps[index], &sink)
            pieces = sink.buffers
        }
        return pieces
    }

    private static func push(
        _ input: ByteBuffer,
        _ flush: ProcessorFlush,
        to step: inout any ProcessorStep,
        _ sink: inout ProcessorSink
    ) throws(PatchbayError) {
        do {
            try step.push(input, flush, into: &sink)
        } catch {
            throw PatchbayError.wrapping(error, stage: .decode)
        }
    }
}
