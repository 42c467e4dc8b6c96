internal import CPatchbay
internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// `patchbay.processor/1` over any ``Processor``.
enum ProcessorTable {
    // Never written again.
    nonisolated(unsafe) static let table = Lasting.value(
        patchbay_processor(
            size: UInt32(MemoryLayout<patchbay_processor>.size),
            reserved: 0,
            create: { settings, direction, instance, error in
                guard let settings, let instance, let error else { return Status.invalid }
                return error.guarding {
                    instance.pointee = Instance.handle(try ExportedProcessor(settings, direction: direction))
                    return Status.done
                }
            },
            push: { instance, data, count, flush, sink, error in
                guard let instance, let sink, let error else { return Status.invalid }
                return error.guarding {
                    let processor = Instance.of(ExportedProcessor.self, instance)
                    return try processor.push(UnsafeRawBufferPointer(start: data, count: count), flush: flush, into: sink)
                }
            },
            reset: { instance, error in
                guard let instance, let error else { return Status.invalid }
                return error.guarding {
                    try Instance.of(ExportedProcessor.self, instance).reset()
                    return Status.done
                }
            },
            destroy: { Instance.release(ExportedProcessor.self, $0) }
        )
    )
}

/// One direction of a processor.
final class ExportedProcessor: Sendable {
    private let makeStep: @Sendable () throws -> any ProcessorStep
    private let step: Locked<any ProcessorStep>
    private let layer: Layer
    /// It can stand above the framing, where each buffer that it gives is a message.
    private let handlesMessages: Bool

    init(_ settings: UnsafePointer<patchbay_settings>, direction: UInt32) throws {
        layer = try ExportedPlugin.layer(settings)
        guard case .processor(let positions, let make) = layer.maker else {
            throw PatchbayError(.invalidArgument, "'\(layer.name)' is no processor", stage: .plugin, layer: layer.name)
        }
        handlesMessages = positions.contains(.message)
        let processor = try make(Options(settings, of: layer))
        let isEncoder = direction == UInt32(PATCHBAY_ENCODE)
        makeStep = { isEncoder ? try processor.makeEncoder() : try processor.makeDecoder() }
        let first = try makeStep()
        step = Locked(first)
    }

    /// - Returns: a status.
    func push(_ bytes: UnsafeRawBufferPointer, flush: UInt32, into sink: UnsafeMutablePointer<patchbay_sink>) throws -> Int32 {
        let flush: ProcessorFlush =
            switch Int(flush) {
            case PATCHBAY_FLUSH_NONE: .none
            case PATCHBAY_FLUSH_SYNC: .sync
            case PATCHBAY_FLUSH_FINISH: .finish
            default: throw PatchbayError(.unsupported, "the host asked for a flush that this version does not know", stage: .plugin)
            }
        let input = ByteBuffer(bytes: bytes)
        let maximum = sink.remaining
        let buffers = try step.withLock { step in
            var output = ProcessorSink(maximum: maximum)
            try step.push(input, flush, into: &output)
            return output.buffers
        }
        for buffer in buffers {
            try sink.write(buffer)
            // The ends of messages mean nothing to a host that runs it on a stream.
            if handlesMessages, flush == .finish { try sink.endMessage() }
        }
        // Without a status of its own, nothing would be an empty message.
        return handlesMessages && flush == .finish && buffers.isEmpty ? Status.goOn : Status.done
    }

    func reset() throws {
        let fresh = try makeStep()
        step.withLock { $0 = fresh }
    }
}
