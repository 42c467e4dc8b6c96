public import NIOCore

/// Builds a ``Tape`` for a codec's reader and holds it to the ``DecodingLimits``.
///
/// The reader says each value in order, and opens and closes containers. A container opened with a count, a tag and the
/// message itself close themselves once they are full, so a reader is a loop: `while !builder.isComplete { … }`.
/// Offsets count from the message's reader index.
public struct TapeBuilder {
    /// What is open: the message, a container or a tag.
    @usableFromInline
    struct Frame {
        /// The index of its token; -1 for the message itself.
        @usableFromInline var token: Int
        /// Values still to come; where the count is unknown, -1 less the values that came.
        @usableFromInline var remaining: Int
        @usableFromInline var kind: Token.Kind

        @inlinable
        init(token: Int, remaining: Int, kind: Token.Kind) {
            self.token = token
            self.remaining = remaining
            self.kind = kind
        }
    }

    /// An open container's frame lies in the payload of its own token, which has its end only once it is closed: so the frames
    /// take no memory of their own.
    @usableFromInline var tokens: [Token]
    @usableFromInline var current = Frame(token: -1, remaining: 1, kind: .null)
    /// Containers and tags that are open.
    public private(set) var depth = 0
    /// Bytes that are not in the message as they are: append, then name them with one of the `…InArena` calls.
    public var arena = ByteBuffer()
    /// See ``Tape/hasBytesAsText``.
    public var hasBytesAsText = false
    @usableFromInline let limits: DecodingLimits
    @usableFromInline let layer: String
    private let message: ByteBuffer
    /// The message's bytes, where they lie: `message` keeps them alive and still.
    @usableFromInline let bytes: UnsafeRawBufferPointer

    /// - Parameter layer: the codec's name, for errors.
    public init(message: ByteBuffer, limits: DecodingLimits, layer: String) {
        self.limits = limits
        self.layer = layer
        self.message = message
        bytes = message.withUnsafeReadableBytes { $0 }
        tokens = CodecScratch.current.takeTokens()
        tokens.reserveCapacity(min(message.readableBytes / 8 + 8, 1024))
    }

    /// The whole value has come.
    @inlinable public var isComplete: Bool { current.remaining == 0 }

    /// The innermost open container or tag; nil at the message itself.
    @inlinable public var container: Token.Kind? { current.token < 0 ? nil : current.kind }

    /// How many values came in the innermost container whose count was not given.
    @inlinable public var countInContainer: Int { -1 - current.remaining }

    /// The finished tape.
    /// - Throws: ``PatchbayError`` with `decodingFailed` where the value is not complete.
    public mutating func finish() throws -> Tape {
        guard isComplete else { throw failure("the message ends before its value does") }
        var taken: [Token] = []
        swap(&taken, &tokens)
        return Tape(tokens: taken, message: message, arena: arena, hasBytesAsText: hasBytesAsText)
    }

    /// Appends a token that is a whole value.
    @inlinable @inline(__always)
    mutating func append(_ token: Token) throws {
        // Errors are made behind calls that take the builder by reference: a copy of it, even one that is seldom needed,
        // costs as much as the rest.
        guard tokens.count < limits.tokens, current.remaining != 0 else { return try refuse() }
        tokens.append(token)
        current.remaining &-= 1
        if current.remaining == 0 { try closeFull() }
    }

    /// Opens a sequence; without a count it is closed by ``close()``.
    @inlinable
    public mutating func open(_ kind: SequenceKind, count: Int?) throws {
        switch kind {
        case .array: try open(.array, count: count, perElement: 1)
        case .tuple: try open(.tuple, count: count, perElement: 1)
        case .set: try open(.set, count: count, perElement: 1)
        }
    }

    /// Opens a map; keys and values follow by turns.
    @inlinable
    public mutating func openMap(count: Int?) throws {
        try open(.map, count: count, perElement: 2)
    }

    @usableFromInline
    mutating func open(_ kind: Token.Kind, count: Int?, perElement: Int) throws {
        guard depth < limits.depth else { throw tooDeep() }
        let index = tokens.count
        guard index < limits.tokens, current.remaining != 0 else { throw refusal() }
        guard let count else { return push(Token(kind), remaining: -1) }
        // In full width: a map's pairs are two tokens each.
        guard count >= 0, count <= (limits.tokens - index - 1) / perElement else { throw tooMany() }
        guard count > 0 else { return try append(Token(kind, payload: UInt64(index + 1))) }
        push(Token(kind, length: UInt32(truncatingIfNeeded: count)), remaining: count * perElement)
    }

    /// Closes the innermost container, which was opened without a count.
    public mutating func close() throws {
        guard current.remaining < 0, current.token >= 0 else { throw failure("a container ends where a value is due") }
        let values = -1 - current.remaining
        if current.kind == .map {
            guard values.isMultiple(of: 2) else { throw failure("a map ends between a key and its value") }
            tokens[current.token].length = UInt32(truncatingIfNeeded: values / 2)
        } else {
            tokens[current.token].length = UInt32(truncatingIfNeeded: values)
        }
        try pop()
        if current.remaining == 0 { try closeFull() }
    }

    /// Closes what has all its values, from the inside out.
    @usableFromInline
    mutating func closeFull() throws {
        while current.remaining == 0, current.token >= 0 { try pop() }
    }

    /// Opens a tag around the next value.
    mutating func openTag(_ token: Token) throws {
        guard depth < limits.depth else { throw tooDeep() }
        guard tokens.count < limits.tokens, current.remaining != 0 else { throw refusal() }
        push(token, remaining: 1)
    }

    /// Makes a token the innermost frame. The one around it is noted: its own index in the new token, its rest in its own.
    private mutating func push(_ token: Token, remaining: Int) {
        var token = token
        // No tape has more than 2^31 tokens, so that both halves of a payload hold an index or a rest.
        let outer = UInt32(truncatingIfNeeded: current.token)
        switch token.kind {
        case .tag: token.length = outer
        case .namedTag: token.payload |= UInt64(outer) << 32
        default: token.payload = UInt64(outer) << 32
        }
        if current.token >= 0, current.kind != .tag, current.kind != .namedTag {
            tokens[current.token].payload =
                tokens[current.token].payload & 0xFFFF_FFFF_0000_0000 | UInt64(UInt32(truncatingIfNeeded: current.remaining))
        }
        current = Frame(token: tokens.count, remaining: remaining, kind: token.kind)
        depth &+= 1
        tokens.append(token)
    }

    /// Notes the end of the innermost frame, checks a map's keys, and goes on in the frame around it.
    private mutating func pop() throws {
        let index = current.token
        let outer: UInt32
        switch current.kind {
        case .tag:
            outer = tokens[index].length
            tokens[index].length = 0
        case .namedTag:
            outer = UInt32(truncatingIfNeeded: tokens[index].payload >> 32)
            tokens[index].payload &= 0xFFFF_FFFF
        default:
            outer = UInt32(truncatingIfNeeded: tokens[index].payload >> 32)
            tokens[index].payload = UInt64(truncatingIfNeeded: tokens.count)
            if limits.refusesDuplicateKeys, current.kind == .map { try refuseDuplicateKeys(index) }
        }
        depth &-= 1
        guard outer != .max else {
            current = Frame(token: -1, remaining: 0, kind: .null)
            return
        }
        let around = tokens[Int(outer)]
        switch around.kind {
        case .tag, .namedTag: current = Frame(token: Int(outer), remaining: 0, kind: around.kind)
        default:
            let remaining = Int(Int32(truncatingIfNeeded: around.payload))
            current = Frame(token: Int(outer), remaining: remaining &- 1, kind: around.kind)
        }
    }

    private func refuseDuplicateKeys(_ index: Int) throws {
        var tape = Tape(message: message)
        tape.tokens = tokens
        tape.arena = arena
        if let key = tape.duplicateKey(inMapAt: index) { throw failure("the key \(tape.summary(of: key)) comes twice in one map") }
    }

    @usableFromInline @inline(never)
    mutating func refuse() throws { throw refusal() }

    @usableFromInline @inline(never)
    mutating func refuse(_ message: StaticString, at offset: Int) throws { throw failure("\(message)", at: offset) }

    @usableFromInline @inline(never)
    func refusal() -> PatchbayError {
        current.remaining == 0 ? failure("there is more behind the value") : tooMany()
    }

    @usableFromInline
    func tooMany() -> PatchbayError {
        PatchbayError(
            .limitExceeded,
            "the message holds more than the \(limits.tokens) values allowed",
            stage: .decode,
            layer: layer
        )
    }

    @usableFromInline
    func tooDeep() -> PatchbayError {
        PatchbayError(
            .limitExceeded,
            "containers lie more than \(limits.depth) deep in each other; raise \(layer)'s depth if that is intended",
            stage: .decode,
            layer: layer
        )
    }

    /// An error of this message, for the codec's own use too.
    /// - Parameter offset: where in the message, in bytes.
    @inline(never)
    public func failure(_ message: String, at offset: Int? = nil) -> PatchbayError {
        PatchbayError(
            .decodingFailed,
            offset.map { "\(message), at byte \($0) of the message" } ?? message,
            stage: .decode,
            layer: layer
        )
    }
}
