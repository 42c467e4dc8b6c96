internal import NIOCore
internal import PatchbayCore

/// Drops empty messages when reading, such as the empty lines that some programs send between others: tremor's remove-empty.
struct RemoveEmptyProcessor: Processor {
    func makeEncoder() throws -> any ProcessorStep { Step(dropsEmpty: false) }
    func makeDecoder() throws -> any ProcessorStep { Step(dropsEmpty: true) }

    struct Step: ProcessorStep {
        let dropsEmpty: Bool

        mutating func push(_ input: ByteBuffer, _ flush: ProcessorFlush, into sink: inout ProcessorSink) throws {
            guard !dropsEmpty || input.readableBytes > 0 else { return }
            try sink.emit(input)
        }
    }
}
