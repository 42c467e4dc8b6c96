internal import NIOCore
internal import PatchbayCore

/// Encodes each message with one call, straight into the buffer that is sent.
struct BoundEncoder: ProcessorStep {
    private let processor: BoundProcessor
    private let context: BoundContext?

    init(_ processor: BoundProcessor) {
        self.processor = processor
        context = processor.encode.context.map { BoundContext($0) }
    }

    mutating func push(_ input: ByteBuffer, _ flush: ProcessorFlush, into sink: inout ProcessorSink) throws {
        let count = input.readableBytes
        var output = ByteBuffer()
        let bound = try bound(of: count)
        output.reserveCapacity(minimumWritableBytes: bound + 8)
        if let prefix = processor.prefix { try write(prefix, count, to: &output) }
        let encode = processor.encode
        let context = context
        let outcome = try input.withUnsafeReadableBytes { bytes in
            try output.fill(bound) { room in try encode.run(bytes, into: room, context) }
        }
        if case .failed(let failure, let code) = outcome {
            throw processor.error(failure, code: code, of: encode, count: count, isEncoding: true)
        }
        try sink.emit(output)
    }

    /// The room that the manifest says suffices.
    func bound(of count: Int) throws(PatchbayError) -> Int {
        let bound: Int?
        switch processor.bound {
        case .formula(let formula): bound = formula.value(of: count)
        case .function(let call):
            try processor.encode.contract.check()
            var frame = CallFrame()
            frame.inputLength = count
            if let context { frame.context = try context.get() }
            guard count <= call.prepared.longestInput else { throw tooLarge(count) }
            call.call(&frame)
            bound = call.result.map { Int(clamping: $0.value(of: frame.returned)) }
        }
        // Functions say 0 for what they cannot take at all.
        guard let bound, bound > 0, bound <= ByteBounds.most - 8 else { throw tooLarge(count) }
        return bound
    }

    private func write(_ prefix: LengthPrefix, _ count: Int, to output: inout ByteBuffer) throws(PatchbayError) {
        guard count <= processor.maximum, prefix.write(count, to: &output) else { throw tooLarge(count) }
    }

    private func tooLarge(_ count: Int) -> PatchbayError {
        PatchbayError(
            .messageTooLarge,
            "a message of \(count) bytes is more than \(processor.encode.name) is given at once; send it in parts",
            stage: .encode,
            layer: processor.layer
        )
    }
}

extension LengthPrefix {
    var byteCount: Int { self == .u32le || self == .u32be ? 4 : 8 }

    private var endianness: Endianness { self == .u32le || self == .u64le ? .little : .big }

    /// - Returns: false where the number does not fit.
    func write(_ count: Int, to buffer: inout ByteBuffer) -> Bool {
        if byteCount == 4 {
            guard let count = UInt32(exactly: count) else { return false }
            buffer.writeInteger(count, endianness: endianness)
        } else {
            buffer.writeInteger(UInt64(count), endianness: endianness)
        }
        return true
    }

    /// Nil where the message is shorter than its prefix.
    func read(from buffer: inout ByteBuffer) -> UInt64? {
        byteCount == 4
            ? buffer.readInteger(endianness: endianness, as: UInt32.self).map(UInt64.init)
            : buffer.readInteger(endianness: endianness, as: UInt64.self)
    }
}
