public import NIOCore
public import PatchbayCore

/// Values as MessagePack, by the specification at https://github.com/msgpack/msgpack/blob/master/spec.md.
///
/// Written are the smallest forms of integers, lengths and counts, and floats as wide as they are. Tuples and sets become
/// arrays; timestamps are the extension of type -1, kept as its bytes. Integers outside of -2^63 ..< 2^64, tags, simple
/// values, globals and decimal literals have no form and throw `encodingFailed`. Strings that are not UTF-8 are refused.
public struct MessagePackCodec: ValueCodec {
    /// What a message may make its reader build.
    public var limits: DecodingLimits

    public init(limits: DecodingLimits = DecodingLimits()) {
        self.limits = limits
    }

    public func makeWriter(_ buffer: consuming ByteBuffer) -> MessagePackWriter {
        MessagePackWriter(buffer)
    }

    public func read(_ message: ByteBuffer) throws -> Tape {
        try message.withUnsafeReadableBytes { bytes in
            var reader = MessagePackReader(message, bytes, limits: limits)
            while !reader.builder.isComplete { try reader.readValue() }
            guard reader.cursor.remaining == 0 else {
                throw reader.cursor.failure("there is more behind the value", at: reader.cursor.offset)
            }
            return try reader.builder.finish()
        }
    }
}
