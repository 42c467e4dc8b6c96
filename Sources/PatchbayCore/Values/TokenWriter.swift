public import NIOCore

/// Where a value codec is told, token by token, what to write.
///
/// `Codable`, ``Value`` and ``Tape`` drive it; each codec implements it once. Containers nest; a map gets key, value, key,
/// value. The writer appends to the buffer that it was made with.
public protocol TokenWriter {
    /// Whether maps may have integers as keys, as dictionaries by `Int` then do; the default is that they may.
    static var writesIntegerKeys: Bool { get }

    /// Takes over the buffer that is written to.
    init(_ buffer: consuming ByteBuffer)

    /// Gives the buffer back, complete.
    /// - Throws: ``PatchbayError`` with `encodingFailed`.
    mutating func finish() throws -> ByteBuffer

    /// Gives the buffer back as it is, after a throw: what stood in it before belongs to other messages.
    ///
    /// The default asks ``finish()``; a writer whose `finish()` can throw implements this too.
    mutating func takeBuffer() -> ByteBuffer

    mutating func null() throws
    mutating func bool(_ value: Bool) throws
    mutating func int(_ value: Int64) throws
    mutating func unsigned(_ value: UInt64) throws
    mutating func bigInteger(_ value: BigInteger) throws
    mutating func float(_ value: Float) throws
    mutating func double(_ value: Double) throws
    mutating func number(_ literal: String) throws
    /// Valid UTF-8.
    mutating func string(_ utf8: UnsafeRawBufferPointer) throws
    mutating func bytes(_ bytes: UnsafeRawBufferPointer) throws
    /// - Parameter count: how many elements will come, where it is known.
    mutating func beginSequence(_ kind: SequenceKind, count: Int?) throws
    /// - Parameter count: how many came since the matching begin.
    mutating func endSequence(_ kind: SequenceKind, count: Int) throws
    mutating func beginMap(count: Int?) throws
    /// - Parameter count: how many pairs came since the matching begin.
    mutating func endMap(count: Int) throws
    /// What the next value is.
    mutating func tag(_ tag: ValueTag) throws
    mutating func `extension`(type: Int8, _ bytes: UnsafeRawBufferPointer) throws
    mutating func simple(_ value: UInt8) throws
    mutating func global(module: String, name: String) throws
}

extension TokenWriter {
    @inlinable public static var writesIntegerKeys: Bool { true }

    @inlinable
    public mutating func takeBuffer() -> ByteBuffer { (try? finish()) ?? ByteBuffer() }
}

/// The kinds of sequences that codecs tell apart.
public enum SequenceKind: UInt8, Sendable, Hashable {
    case array, tuple, set
}
