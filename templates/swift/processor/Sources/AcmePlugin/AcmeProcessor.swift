internal import NIOCore
public import PatchbayCore

/// Exclusive-ors every byte with a mask, which hides nothing from anybody.
public struct AcmeProcessor: Processor {
    public var mask: UInt8

    public init(mask: UInt8) { self.mask = mask }

    // Both directions do the same here.
    public func makeEncoder() -> any ProcessorStep { AcmeStep(mask: mask) }
    public func makeDecoder() -> any ProcessorStep { AcmeStep(mask: mask) }
}

/// One direction on one connection.
///
/// A step that keeps bytes back between two calls keeps them here, and gives all of them at `sync` and `finish`.
struct AcmeStep: ProcessorStep {
    var mask: UInt8

    mutating func push(_ input: ByteBuffer, _ flush: ProcessorFlush, into sink: inout ProcessorSink) throws {
        guard input.readableBytes > 0 || flush == .finish else { return }
        var output = ByteBuffer()
        output.reserveCapacity(input.readableBytes)
        input.withUnsafeReadableBytes { bytes in
            _ = output.writeBytes(bytes.map { $0 ^ mask })
        }
        // Above the framing, each buffer is a message.
        try sink.emit(output)
    }
}
