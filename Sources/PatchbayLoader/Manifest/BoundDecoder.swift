internal import NIOCore
internal import PatchbayCore

/// Decodes each message straight into the buffer that is handed up, within every bound that holds.
struct BoundDecoder: ProcessorStep {
    private let processor: BoundProcessor
    private let context: BoundContext?

    init(_ processor: BoundProcessor) {
        self.processor = processor
        context = processor.decode.context.map { BoundContext($0) }
    }

    mutating func push(_ input: ByteBuffer, _ flush: ProcessorFlush, into sink: inout ProcessorSink) throws {
        let limit = DecodedLimit(processor, count: input.readableBytes, room: sink.remaining)
        var input = input
        switch processor.capacity {
        case .prefix(let prefix):
            guard let length = prefix.read(from: &input) else { throw failed(.truncated, 0, input) }
            guard length <= UInt64(limit.bytes) else { throw limit.error(says: length) }
            guard let output = try run(input, room: max(1, Int(length))), output.readableBytes == Int(length) else {
                throw failed(.corrupt, 0, input)
            }
            try sink.emit(output)
        case .function(let size):
            try processor.decode.contract.check()
            switch input.withUnsafeReadableBytes({ size.size(of: $0) }) {
            case .size(let length):
                guard length <= limit.bytes else { throw limit.error(says: UInt64(length)) }
                try sink.emit(try grow(input, from: max(1, length), limit))
            // Four times the input is what a compressible text often is.
            case .failed(.unknownSize, _): try sink.emit(try grow(input, times: 4, limit))
            case .failed(let failure, let code): throw failed(failure, code, input)
            }
        case .growth(let times): try sink.emit(try grow(input, times: times, limit))
        }
    }

    /// What small messages are given at once.
    private static let leastRoom = 4096

    private func grow(_ input: ByteBuffer, times: Int, _ limit: DecodedLimit) throws -> ByteBuffer {
        let (room, overflow) = input.readableBytes.multipliedReportingOverflow(by: times)
        return try grow(input, from: overflow ? limit.bytes : min(max(room, Self.leastRoom), limit.bytes), limit)
    }

    private func grow(_ input: ByteBuffer, from first: Int, _ limit: DecodedLimit) throws -> ByteBuffer {
        var room = first
        while true {
            if let output = try run(input, room: room) { return output }
            guard room < limit.bytes else { throw limit.error(says: nil) }
            room = room > limit.bytes / 4 ? limit.bytes : max(room * 4, Self.leastRoom)
        }
    }

    /// Calls the decoder once.
    /// - Returns: nil where the room was too small.
    private func run(_ input: ByteBuffer, room: Int) throws -> ByteBuffer? {
        var output = ByteBuffer()
        let decode = processor.decode
        let context = context
        output.reserveCapacity(room)
        let outcome = try input.withUnsafeReadableBytes { bytes in
            try output.fill(room) { room in try decode.run(bytes, into: room, context) }
        }
        switch outcome {
        case .done: return output
        case .failed(.bufferTooSmall, _): return nil
        case .failed(let failure, let code): throw failed(failure, code, input)
        }
    }

    private func failed(_ failure: CallFailure, _ code: Int128, _ input: ByteBuffer) -> PatchbayError {
        processor.error(failure, code: code, of: processor.decode, count: input.readableBytes, isEncoding: false)
    }
}

/// The most that one message may become: against bombs.
struct DecodedLimit {
    let bytes: Int
    private let error: PatchbayError

    /// - Parameters:
    ///   - count: bytes of the message as it came.
    ///   - room: bytes that the connection's limit leaves.
    init(_ processor: BoundProcessor, count: Int, room: Int) {
        let (expanded, overflow) = count.multipliedReportingOverflow(by: processor.expansion ?? Int.max)
        let expansion = processor.expansion == nil || overflow ? Int.max : expanded
        let most = min(processor.maximum, ByteBounds.most - 8)
        // A byte at least: in no room at all every output is full. The sink has the last word.
        bytes = max(1, min(expansion, most, room))
        let reason =
            if bytes >= room {
                "the \(room) bytes that max-message leaves; raise it if that is intended"
            } else if bytes == most {
                "the \(most) bytes that the manifest allows"
            } else {
                "\(processor.expansion ?? 0) times its length, which no message of this format becomes"
            }
        error = PatchbayError(
            bytes >= room ? .messageTooLarge : .limitExceeded,
            "a message of \(count) bytes would become more than \(reason)",
            stage: .decode,
            layer: processor.layer
        )
    }

    /// - Parameter length: what the message itself says of its decoded length.
    func error(says length: UInt64?) -> PatchbayError {
        var error = error
        // Some libraries tell an input that is cut off and an output that is full by one code.
        error.message += length.map { " (it says \($0) bytes)" } ?? ", or is cut off"
        return error
    }
}
