internal import PatchbayCore

/// How the functions of a library are a processor.
struct ProcessorBinding: Sendable {
    var encode: TransformDescription
    var bound: Bound
    var decode: TransformDescription
    var capacity: DecodedCapacity
    /// No decoded message is longer, in bytes.
    var maximum: Int
    /// How many times its input a decoded message may be; nil: any.
    var expansion: Int?

    /// How much room the encoder is given.
    enum Bound: Sendable {
        case formula(SizeFormula)
        case function(CallDescription)
    }

    /// How the decoder's room is found.
    enum DecodedCapacity: Sendable {
        /// The message begins with the decoded length.
        case prefix(LengthPrefix)
        /// A function reads it from the message; where it cannot tell, the room grows.
        case function(CallDescription, SizeSource, [UInt64: CallFailure], otherwise: CallFailure)
        /// So many times the input at first, then four times as much, until it fits.
        case growth(times: Int)
    }
}

/// A function that turns bytes into bytes, and what it says of that.
struct TransformDescription: Sendable {
    var call: CallDescription
    var length: SizeSource
    /// By the bits of what was returned, in the declared width.
    var failures: [UInt64: CallFailure]
    /// Every other value.
    var otherwise: CallFailure
    var context: ContextDescription?
}

/// Where a length is found after a call.
enum SizeSource: Sendable, Hashable {
    case returned
    /// The cell `inout:outLen` or `inout:outPos`.
    case cell
}

/// What the library keeps from one call to the next.
struct ContextDescription: Sendable {
    var create: CallDescription
    var free: CallDescription
}

/// The decoded length, stored before the message.
enum LengthPrefix: String, Sendable, CaseIterable {
    case u32le, u32be, u64le, u64be
}

/// What a function's failure means.
enum CallFailure: String, Sendable, CaseIterable {
    case bufferTooSmall
    /// Too small where the output is full, corrupt where it is not: for libraries that say no more.
    case tooSmallIfFull
    case corrupt
    case truncated
    case outOfMemory
    case unsupported
    case invalidOption
    /// The input does not tell its decoded size.
    case unknownSize
    case `internal`
}
