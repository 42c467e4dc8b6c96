public import NIOCore
public import PatchbayCore

/// Values as CBOR, by RFC 8949.
///
/// Read is all that is well-formed, of indefinite length too. Text that is not UTF-8 is refused, and so is a bignum that
/// is no byte string. Tags stay on their values, but for those with a value of their own: bignums (2 and 3) become
/// integers, and tag 258 around an array a set. `undefined` is the simple value 23.
///
/// Written is the preferred serialization (section 4.2.1), with two exceptions: a `Double` keeps its 64 bits, so that
/// `Value.float` and `Value.double` come back as what they were, unless ``Floats/shortest`` is asked for; and map
/// keys keep their order. Tuples become arrays. Named tags, MessagePack's extensions, decimal literals and globals have no
/// form and throw `encodingFailed`.
public struct CBORCodec: ValueCodec {
    /// How floats are written; every reader takes either.
    public enum Floats: String, Sendable, Hashable, CaseIterable {
        /// `Float` in 16 or 32 bits, whichever is the shorter that keeps the value; `Double` in 64.
        case typed
        /// Each in the shortest of 16, 32 and 64 bits that keeps the value, as the RFC prefers.
        case shortest
    }

    /// What a message may make its reader build.
    public var limits: DecodingLimits
    public var floats: Floats

    public init(limits: DecodingLimits = DecodingLimits(), floats: Floats = .typed) {
        self.limits = limits
        self.floats = floats
    }

    public func makeWriter(_ buffer: consuming ByteBuffer) -> CBORWriter {
        CBORWriter(buffer, floats: floats)
    }

    public func read(_ message: ByteBuffer) throws -> Tape {
        try message.withUnsafeReadableBytes { bytes in
            var reader = CBORReader(message, bytes, limits: limits)
            while !reader.builder.isComplete { try reader.readItem() }
            guard reader.cursor.remaining == 0 else {
                throw reader.cursor.failure("there is more behind the data item", at: reader.cursor.offset)
            }
            return try reader.builder.finish()
        }
    }
}
