public import NIOCore
public import PatchbayCore

/// Writes one JSON text without spaces; numbers in the shortest form that reads back the same.
public struct JSONWriter: TokenWriter {
    public static var writesIntegerKeys: Bool { false }

    @usableFromInline var output: MessageOutput
    /// What stands before the next token: a comma, a colon, or 0 for nothing.
    @usableFromInline var separator: UInt8 = 0
    @usableFromInline var isMap = false
    /// The next token is a key.
    @usableFromInline var isKey = false
    /// For each open container whether the one around it is a map, the innermost in the lowest bit; full words in `outerWords`.
    @usableFromInline var outer: UInt64 = 0
    @usableFromInline var outerWords: [UInt64] = []
    @usableFromInline var depth = 0

    public init(_ buffer: consuming ByteBuffer) { output = MessageOutput(buffer, layer: "json") }

    public mutating func finish() throws -> ByteBuffer {
        guard depth == 0, separator != 0 else { throw Self.failure("the JSON is not complete; close every container") }
        return takeBuffer()
    }

    public mutating func takeBuffer() -> ByteBuffer { output.take() }

    /// Writes a token of at most `count` bytes, with its separator.
    @inlinable @inline(__always)
    mutating func put(atMost count: Int, _ kind: StaticString, _ body: (UnsafeMutableRawPointer) -> Int) throws {
        if isKey { throw Self.keyFailure(kind) }
        try put(atMost: count, body)
        separator = 0x2C
        isKey = isMap
    }

    @inlinable @inline(__always)
    mutating func put(atMost count: Int, _ body: (UnsafeMutableRawPointer) -> Int) throws {
        let place = try output.room(count &+ 1)
        // Written in any case, and over written where it is nothing.
        place.storeBytes(of: separator, as: UInt8.self)
        let isSeparated = separator == 0 ? 0 : 1
        output.advance(isSeparated &+ body(place + isSeparated))
    }

    @inlinable
    mutating func put(_ word: StaticString, _ kind: StaticString) throws {
        try put(atMost: 8, kind) { output in
            output.copyMemory(from: word.utf8Start, byteCount: word.utf8CodeUnitCount)
            return word.utf8CodeUnitCount
        }
    }

    @inlinable public mutating func null() throws { try put("null", "null") }

    @inlinable public mutating func bool(_ value: Bool) throws { try put(value ? "true" : "false", "a bool") }

    // MARK: Containers

    @inlinable
    public mutating func beginSequence(_ kind: SequenceKind, count: Int?) throws { try begin(0x5B, isMap: false) }

    @inlinable
    public mutating func endSequence(_ kind: SequenceKind, count: Int) throws { try end(0x5D) }

    @inlinable
    public mutating func beginMap(count: Int?) throws { try begin(0x7B, isMap: true) }

    @inlinable
    public mutating func endMap(count: Int) throws { try end(0x7D) }

    @inlinable
    mutating func begin(_ bracket: UInt8, isMap: Bool) throws {
        try put(atMost: 1, "a container") { output in
            output.storeBytes(of: bracket, as: UInt8.self)
            return 1
        }
        if depth & 63 == 0, depth > 0 {
            outerWords.append(outer)
            outer = 0
        }
        outer = outer << 1 | (self.isMap ? 1 : 0)
        depth &+= 1
        self.isMap = isMap
        isKey = isMap
        separator = 0
    }

    @inlinable
    mutating func end(_ bracket: UInt8) throws {
        guard depth > 0, isKey == isMap else { throw Self.failure("a container ends where a value is due") }
        try output.write(bracket)
        isMap = outer & 1 != 0
        isKey = isMap
        separator = 0x2C
        outer >>= 1
        depth &-= 1
        if depth & 63 == 0, let word = outerWords.popLast() { outer = word }
    }

    // MARK: What JSON cannot say

    public mutating func tag(_ tag: ValueTag) throws { throw Self.failure("JSON has no tags (\(tag)); send the value without") }

    public mutating func `extension`(type: Int8, _ bytes: UnsafeRawBufferPointer) throws {
        throw Self.failure("JSON has no extension types (\(type)); send bytes, or use msgpack")
    }

    public mutating func simple(_ value: UInt8) throws {
        throw Self.failure("JSON has no simple values (\(value)); send null, or use cbor")
    }

    public mutating func global(module: String, name: String) throws {
        throw Self.failure("JSON has no names of globals (\(module).\(name)); send text, or use pickle")
    }

    @usableFromInline
    static func keyFailure(_ kind: StaticString) -> PatchbayError {
        failure("a map's key is \(kind), and JSON has only text there; use text, or another codec")
    }

    @usableFromInline
    static func failure(_ message: String) -> PatchbayError {
        PatchbayError(.encodingFailed, message, stage: .encode, layer: "json")
    }
}
