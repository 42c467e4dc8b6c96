public import NIOCore
public import PatchbayCore

/// JSON as RFC 8259 has it, strictly.
///
/// Integers keep every digit; what no `Double` holds, such as `1e400`, becomes `Value.number(_:)`. Objects keep the order of
/// their keys. JSON has no bytes, so they are written as base64 text, which types that want bytes read back; tuples and sets
/// are written as arrays. What JSON cannot say at all throws `encodingFailed`.
public struct JSONCodec: ValueCodec {
    public var limits: DecodingLimits

    public init(limits: DecodingLimits = DecodingLimits()) { self.limits = limits }

    @inlinable
    public func makeWriter(_ buffer: consuming ByteBuffer) -> JSONWriter { JSONWriter(buffer) }

    public func read(_ message: ByteBuffer) throws -> Tape {
        var builder = TapeBuilder(message: message, limits: limits, layer: "json")
        builder.hasBytesAsText = true
        try message.withUnsafeReadableBytes { bytes in
            var reader = JSONReader(bytes)
            try reader.read(into: &builder)
        }
        return try builder.finish()
    }
}
