public import NIOCore

/// A decoded message as a flat run of tokens: what each value codec reads into, and what `Codable` and ``Value`` read from.
///
/// Checked in full when it was made, so that its readers need not check again. Strings are valid UTF-8. Text and bytes lie
/// in the message itself, or, where a codec had to unescape or join them, in the arena.
public struct Tape: Sendable {
    public var tokens: [Token]
    /// What tokens with ``Token/inMessage`` point into.
    public var message: ByteBuffer
    /// What the other tokens point into.
    public var arena: ByteBuffer
    /// The codec has no bytes and writes them as base64 text, as JSON's does: a type that wants bytes takes text for them.
    public var hasBytesAsText = false

    public init(message: ByteBuffer) {
        self.message = message
        tokens = []
        arena = ByteBuffer()
    }

    init(tokens: [Token], message: ByteBuffer, arena: ByteBuffer, hasBytesAsText: Bool) {
        self.tokens = tokens
        self.message = message
        self.arena = arena
        self.hasBytesAsText = hasBytesAsText
    }
}

/// One token of a ``Tape``, in 16 bytes.
public struct Token: Sendable, Hashable {
    /// What a token is.
    ///
    /// The numbers, and the layout of a token, are those of the plugin interface (`patchbay_token`): they never change.
    public enum Kind: UInt8, Sendable, CaseIterable {
        case null = 0
        case bool = 1
        case int = 2
        case unsigned = 3
        case float = 4
        case double = 5
        /// `length` bytes at `payload`.
        case string = 6
        /// `length` bytes at `payload`.
        case bytes = 7
        /// Magnitude bytes at `payload`, most significant first.
        case positiveBigInteger = 8
        /// Magnitude bytes at `payload`, most significant first.
        case negativeBigInteger = 9
        /// ASCII at `payload`.
        case number = 10
        /// `length` elements follow; `payload` is the index of the token behind the last.
        case array = 11
        /// As an array.
        case tuple = 12
        /// As an array.
        case set = 13
        /// `length` pairs follow as key, value; `payload` is the index of the token behind the last.
        case map = 14
        /// One value follows; `payload` is the tag's number.
        case tag = 15
        /// One value follows; the name is `length` bytes at `payload`.
        case namedTag = 16
        /// `length` bytes at `payload`; the type is in `detail`.
        case `extension` = 17
        /// The value is in `detail`.
        case simple = 18
        /// `module`, a NUL and `name`: `length` bytes at `payload`.
        case global = 19
    }

    public var kind: Kind
    /// The bytes are in the message, not in the arena.
    public var inMessage: Bool
    /// The type of an extension (as its bit pattern), the value of a simple, 0 or 1 of a bool.
    public var detail: UInt8
    public var length: UInt32
    /// An integer, the bits of a float, an offset (from the reader index of its buffer), an index or a tag.
    public var payload: UInt64

    public init(_ kind: Kind, inMessage: Bool = false, detail: UInt8 = 0, length: UInt32 = 0, payload: UInt64 = 0) {
        self.kind = kind
        self.inMessage = inMessage
        self.detail = detail
        self.length = length
        self.payload = payload
    }
}
