internal import NIOCore
internal import PatchbayCore

/// Each message as base 64, and back.
struct Base64Processor: Processor {
    func makeEncoder() throws -> any ProcessorStep { Encoder() }
    func makeDecoder() throws -> any ProcessorStep { Decoder() }

    struct Encoder: ProcessorStep {
        mutating func push(_ input: ByteBuffer, _ flush: ProcessorFlush, into sink: inout ProcessorSink) throws {
            // Checked before the text is built, and without adding to a length that may be anything.
            guard input.readableBytes / 3 <= sink.remaining / 4 else {
                throw PatchbayError(
                    .messageTooLarge,
                    "as base 64 the message exceeds the limit of \(sink.remaining) bytes; raise max-message if that is intended",
                    stage: .encode,
                    layer: "base64"
                )
            }
            var text = ByteBuffer()
            input.withUnsafeReadableBytes { bytes in
                _ = text.writeWithUnsafeMutableBytes(minimumWritableBytes: Base64.encodedCount(bytes.count)) {
                    Base64.encode(bytes, into: $0)
                }
            }
            try sink.emit(text)
        }
    }

    struct Decoder: ProcessorStep {
        mutating func push(_ input: ByteBuffer, _ flush: ProcessorFlush, into sink: inout ProcessorSink) throws {
            guard let bytes = input.withUnsafeReadableBytes({ Base64.decode($0) }) else {
                throw PatchbayError(
                    .decodingFailed,
                    "the message of \(input.readableBytes) bytes is no base 64 (RFC 4648 with padding, nothing between)",
                    stage: .decode,
                    layer: "base64"
                )
            }
            try sink.emit(ByteBuffer(bytes: bytes))
        }
    }
}
