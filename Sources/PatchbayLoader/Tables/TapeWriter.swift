internal import CPatchbay
internal import NIOCore
internal import PatchbayCore

/// What a codec's maps may have for keys.
protocol KeyPolicy: Sendable {
    static var allowsIntegers: Bool { get }
}

enum IntegerKeys: KeyPolicy { static let allowsIntegers = true }
enum TextKeys: KeyPolicy { static let allowsIntegers = false }

/// Collects a value's tokens for a plugin's codec, which turns them into a message once the value is whole.
struct TapeWriter<Keys: KeyPolicy>: TokenWriter {
    static var writesIntegerKeys: Bool { Keys.allowsIntegers }

    private let codec: CodecWork?
    private var buffer: ByteBuffer
    /// In the interface's own words: a Swift `Token` has a byte that nobody sets where `reserved` is.
    private var tokens: [patchbay_token] = []
    /// Begins with room for a small value, so that growing is for large ones.
    private var arena = MessageOutput(ByteBufferAllocator().buffer(capacity: 256), layer: "tape")
    private var open: [OpenContainer] = []
    /// Tags that wait for their value.
    private var pendingTags = 0
    /// Containers and tags around the next value.
    private var depth = 0

    /// A writer without a plugin, which cannot finish: the protocol wants it.
    init(_ buffer: consuming ByteBuffer) {
        self.buffer = buffer
        codec = nil
    }

    init(_ buffer: consuming ByteBuffer, codec: CodecWork) {
        self.buffer = buffer
        self.codec = codec
        tokens.reserveCapacity(32)
    }

    mutating func finish() throws -> ByteBuffer {
        guard let codec else { throw failure("a tape's writer was made without its codec") }
        try codec.encode(tokens, arena.take(), into: &buffer)
        return takeBuffer()
    }

    mutating func takeBuffer() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &buffer)
        return taken
    }

    mutating func null() throws { leaf(Token(.null)) }
    mutating func bool(_ value: Bool) throws { leaf(Token(.bool, detail: value ? 1 : 0)) }
    mutating func int(_ value: Int64) throws { leaf(Token(.int, payload: UInt64(bitPattern: value))) }
    mutating func float(_ value: Float) throws { leaf(Token(.float, payload: UInt64(value.bitPattern))) }
    mutating func double(_ value: Double) throws { leaf(Token(.double, payload: value.bitPattern)) }
    mutating func string(_ utf8: UnsafeRawBufferPointer) throws { try leaf(.string, utf8) }
    mutating func bytes(_ bytes: UnsafeRawBufferPointer) throws { try leaf(.bytes, bytes) }

    mutating func unsigned(_ value: UInt64) throws {
        leaf(Token(value <= UInt64(Int64.max) ? .int : .unsigned, payload: value))
    }

    mutating func bigInteger(_ value: BigInteger) throws {
        if let small = Int64(exactly: value) { return try int(small) }
        if let large = UInt64(exactly: value) { return try unsigned(large) }
        let digits = value.magnitude.drop { $0 == 0 }
        try digits.withUnsafeBytes { try leaf(value.isNegative ? .negativeBigInteger : .positiveBigInteger, $0) }
    }

    mutating func number(_ literal: String) throws {
        var literal = literal
        try literal.withUTF8 { text in
            let text = UnsafeRawBufferPointer(text)
            guard NumberGrammar.holds(text) else { throw failure("a number literal is not written as JSON writes numbers") }
            try leaf(.number, text)
        }
    }

    mutating func beginSequence(_ kind: SequenceKind, count: Int?) throws {
        switch kind {
        case .array: try begin(.array)
        case .tuple: try begin(.tuple)
        case .set: try begin(.set)
        }
    }

    mutating func endSequence(_ kind: SequenceKind, count: Int) throws { try end(count) }
    mutating func beginMap(count: Int?) throws { try begin(.map) }
    mutating func endMap(count: Int) throws { try end(count) }

    mutating func tag(_ tag: ValueTag) throws {
        switch tag {
        case .number(let number): tokens.append(patchbay_token(Token(.tag, payload: number)))
        case .name(let name):
            var name = name
            try name.withUTF8 { try append(Token(.namedTag), UnsafeRawBufferPointer($0)) }
        }
        pendingTags += 1
        try deepen()
    }

    mutating func `extension`(type: Int8, _ bytes: UnsafeRawBufferPointer) throws {
        try append(Token(.extension, detail: UInt8(bitPattern: type)), bytes)
        closeTags()
    }

    mutating func simple(_ value: UInt8) throws { leaf(Token(.simple, detail: value)) }

    mutating func global(module: String, name: String) throws {
        guard !module.utf8.contains(0), !name.utf8.contains(0) else { throw failure("the name of a global holds a NUL") }
        try Array((module + "\0" + name).utf8).withUnsafeBytes { try leaf(.global, $0) }
    }

    // MARK: Appending

    @inline(__always)
    private mutating func leaf(_ token: Token) {
        tokens.append(patchbay_token(token))
        closeTags()
    }

    @inline(__always)
    private mutating func leaf(_ kind: Token.Kind, _ bytes: UnsafeRawBufferPointer) throws {
        try append(Token(kind), bytes)
        closeTags()
    }

    @inline(__always)
    private mutating func append(_ token: Token, _ bytes: UnsafeRawBufferPointer) throws {
        guard let length = UInt32(exactly: bytes.count) else {
            throw failure("a text or its bytes are larger than 4 GiB; send them in parts")
        }
        var token = token
        token.length = length
        token.payload = UInt64(arena.position)
        try arena.write(bytes)
        tokens.append(patchbay_token(token))
    }

    @inline(__always)
    private mutating func closeTags() {
        depth &-= pendingTags
        pendingTags = 0
    }

    private mutating func begin(_ kind: Token.Kind) throws {
        open.append(OpenContainer(token: tokens.count, tags: pendingTags))
        tokens.append(patchbay_token(Token(kind)))
        pendingTags = 0
        try deepen()
    }

    private mutating func deepen() throws {
        depth += 1
        guard depth <= DecodingLimits.greatestDepth else {
            throw PatchbayError(
                .limitExceeded,
                "the value is nested more than \(DecodingLimits.greatestDepth) deep; flatten it",
                stage: .encode,
                layer: codec?.name
            )
        }
    }

    private mutating func end(_ count: Int) throws {
        guard let frame = open.popLast(), let length = UInt32(exactly: count) else {
            throw failure("a container has more elements than 32 bits count; send it in parts")
        }
        tokens[frame.token].length = length
        tokens[frame.token].payload = UInt64(tokens.count)
        depth -= 1 + frame.tags
    }

    private func failure(_ message: String) -> PatchbayError {
        PatchbayError(.encodingFailed, message, stage: .encode, layer: codec?.name)
    }
}

/// A container that is open, with the tags that stand before it.
///
/// Not within the writer, which is generic: the types of its arrays would be looked up at each use.
private struct OpenContainer {
    var token: Int
    var tags: Int
}

extension patchbay_token {
    @inline(__always)
    init(_ token: Token) {
        self.init(
            kind: token.kind.rawValue,
            in_message: token.inMessage ? 1 : 0,
            detail: token.detail,
            reserved: 0,
            length: token.length,
            payload: token.payload
        )
    }
}
