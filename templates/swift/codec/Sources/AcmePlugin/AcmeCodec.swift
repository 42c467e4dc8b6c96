public import NIOCore
public import PatchbayCore

/// A letter for each value: what it is. Lists and dictionaries end with an `e`, so that they can be written as they come.
///
/// A codec that reads and writes tokens gets `Codable` and `Value` for nothing.
public struct AcmeCodec: ValueCodec {
    public var limits: DecodingLimits

    public init(limits: DecodingLimits = DecodingLimits()) { self.limits = limits }

    public func makeWriter(_ buffer: consuming ByteBuffer) -> AcmeWriter { AcmeWriter(buffer) }

    public func read(_ message: ByteBuffer) throws -> Tape {
        // It checks the shape, the limits and the texts, and writes the tokens.
        var builder = TapeBuilder(message: message, limits: limits, layer: "acme")
        try message.withUnsafeReadableBytes { bytes in
            var reader = AcmeReader(bytes: bytes)
            while !builder.isComplete { try reader.readNext(into: &builder) }
            guard reader.position == bytes.count else {
                throw builder.failure("there is more behind the value", at: reader.position)
            }
        }
        return try builder.finish()
    }
}
