internal import CPatchbay
internal import NIOCore
internal import PatchbayCore

/// One direction of a plugin's processor on one connection.
struct LoadedProcessorStep: ProcessorStep {
    private let layer: ProcessorLayer
    private let direction: ProcessorDirection
    private let instance: PluginInstance
    /// A push failed: `reset` comes before the next one.
    private var needsReset = false
    /// Bytes that may still come out for what went in; nil without a bound.
    private var allowance: Int?

    /// Beyond the expansion, for headers and what was kept back before.
    static let slack = 64 << 10

    init(_ layer: ProcessorLayer, _ values: OptionValues, _ direction: ProcessorDirection) throws(PatchbayError) {
        self.layer = layer
        self.direction = direction
        instance = try layer.makeInstance(values, direction)
        startAllowance()
    }

    private mutating func startAllowance() {
        allowance = direction == .decode && layer.expansion != nil ? Self.slack : nil
    }

    mutating func push(_ input: ByteBuffer, _ flush: ProcessorFlush, into sink: inout ProcessorSink) throws {
        if needsReset { try reset() }
        if let earned = allowance, let expansion = layer.expansion {
            let (product, overflow) = input.readableBytes.multipliedReportingOverflow(by: expansion)
            let (sum, beyond) = earned.addingReportingOverflow(product)
            allowance = overflow || beyond ? .max : sum
        }
        let maximum = min(sink.remaining, allowance ?? .max, LentSink.largestBuffer)
        var output = ByteBuffer()
        let boundaries: [Int]?
        do throws(PatchbayError) {
            boundaries = try push(input, flush, maximum, into: &output)
        } catch {
            needsReset = true
            throw error
        }
        if let left = allowance { allowance = left - output.readableBytes }
        if flush == .finish { startAllowance() }
        if let boundaries { try emit(output, boundaries, flush, into: &sink) }
    }

    /// - Returns: where messages end; nil where this one gives none.
    private func push(
        _ input: ByteBuffer,
        _ flush: ProcessorFlush,
        _ maximum: Int,
        into output: inout ByteBuffer
    ) throws(PatchbayError) -> [Int]? {
        let call = PluginCall(function: "patchbay_processor.push", stage: direction.stage, layer: layer.name, mayContinue: true)
        var status = PatchbayStatus.ok
        let boundaries = try instance.contract.withLoan { loan throws(PatchbayError) in
            do throws(PatchbayError) {
                return try loan.lendSink(call, into: &output, maximum: maximum, endsMessages: true) { sink throws(PatchbayError) in
                    try input.withBorrowedBytes { bytes, count throws(PatchbayError) in
                        status = try loan.call(call, instance.gate) {
                            layer.table.push(instance.handle, bytes, count, flush.number, sink, $0)
                        }
                    }
                }
            } catch  where error.code == .limitExceeded {
                throw tooLarge(maximum, error)
            }
        }
        guard status == PatchbayStatus.proceed else { return boundaries }
        guard flush == .finish, output.readableBytes == 0 else {
            throw instance.contract.breach(call.function, "returned PATCHBAY_CONTINUE, which means no message, and gave bytes")
        }
        return nil
    }

    private func tooLarge(_ maximum: Int, _ cause: PatchbayError) -> PatchbayError {
        PatchbayError(
            .messageTooLarge,
            "'\(layer.name)' would give more than the \(maximum) bytes that max-message, and its own declared expansion, allow here; raise "
                + "max-message if that is intended",
            stage: direction.stage,
            layer: layer.name,
            cause: cause
        )
    }

    private func emit(_ output: ByteBuffer, _ boundaries: [Int], _ flush: ProcessorFlush, into sink: inout ProcessorSink) throws {
        var start = output.readerIndex
        for end in boundaries {
            try sink.emit(output.getSlice(at: start, length: end - start) ?? ByteBuffer())
            start = end
        }
        // What it wrote is one message, also where that is nothing; a piece of a stream that is empty says nothing.
        guard start < output.writerIndex || (boundaries.isEmpty && flush == .finish) else { return }
        try sink.emit(output.getSlice(at: start, length: output.writerIndex - start) ?? ByteBuffer())
    }

    private mutating func reset() throws(PatchbayError) {
        let call = PluginCall(function: "patchbay_processor.reset", stage: direction.stage, layer: layer.name)
        try instance.contract.withLoan { loan throws(PatchbayError) in
            _ = try loan.call(call, instance.gate) { layer.table.reset(instance.handle, $0) }
        }
        needsReset = false
        startAllowance()
    }
}

extension ProcessorFlush {
    fileprivate var number: UInt32 {
        switch self {
        case .none: UInt32(PATCHBAY_FLUSH_NONE)
        case .sync: UInt32(PATCHBAY_FLUSH_SYNC)
        case .finish: UInt32(PATCHBAY_FLUSH_FINISH)
        }
    }
}
