public import NIOCore

/// A codec for values of any shape: it only reads and writes tokens, and gets `Codable` and ``Value`` from them.
public protocol ValueCodec: Codec {
    associatedtype Writer: TokenWriter

    /// Makes the writer of one message, with the codec's options.
    func makeWriter(_ buffer: consuming ByteBuffer) -> Writer

    /// What `Codable` types of one message write to: a default makes it of ``makeWriter(_:)``, in the codec's own module, so
    /// that it is specialised for the writer.
    /// - Parameter last: what this made for an earlier message of the thread, if nobody holds it any more.
    func makeEncoderState(_ buffer: consuming ByteBuffer, reusing last: TokenEncoderState?) -> TokenEncoderState

    /// Reads one whole message and checks it in full.
    /// - Throws: ``PatchbayError`` with `decodingFailed`, with the offset in bytes in its message, or `limitExceeded`.
    func read(_ message: ByteBuffer) throws -> Tape
}

/// Bounds for what a message may make its reader build.
public struct DecodingLimits: Sendable, Hashable {
    /// Containers and tags inside each other.
    public var depth: Int
    /// Tokens in all, as expanded where a format can refer back.
    public var tokens: Int
    /// Refuse a map that has a key twice.
    public var refusesDuplicateKeys: Bool

    /// No message nests deeper, whatever ``depth`` says: values are read, compared and freed by recursion.
    public static let greatestDepth = 512

    public init(depth: Int = 128, tokens: Int = 16_777_216, refusesDuplicateKeys: Bool = false) {
        self.depth = min(depth, Self.greatestDepth)
        self.tokens = min(tokens, Int(Int32.max))
        self.refusesDuplicateKeys = refusesDuplicateKeys
    }
}
