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

        @inlinable
        init(token: Int, remaining: Int) {
            self.token = token
            self.remaining = remaining
        }
    }

    @usableFromInline var tape: Tape
    @usableFromInline var current = Frame(token: -1, remaining: 1)
    @usableFromInline var outer: [Frame] = []
    @usableFromInline let limits: DecodingLimits
    @usableFromInline let layer: String

    /// - Parameter layer: the codec's name, for errors.
    public init(message: ByteBuffer, limits: DecodingLimits, layer: String) {
        self.limits = limits
        self.layer = layer
        tape = Tape(message: message)
        tape.tokens.reserveCapacity(min(message.readableBytes / 8 + 8, 1024))
    }

    /// See ``Tape/hasBytesAsText``.
    public var hasBytesAsText: Bool {
        get { tape.hasBytesAsText }
        set { tape.hasBytesAsText = newValue }
    }

    /// The whole value has come.
    @inlinable public var isComplete: Bool { current.remaining == 0 }

    /// Containers and tags that are open.
    @inlinable public var depth: Int { outer.count }

    /// The innermost open container or tag; nil at the message itself.
    @inlinable public var container: Token.Kind? { current.token < 0 ? nil : tape.tokens[current.token].kind }

    /// How many values came in the innermost container whose count was not given.
    @inlinable public var countInContainer: Int { -1 - current.remaining }

    /// Bytes that are not in the message as they are: append, then name them with one of the `…InArena` calls.
    @inlinable public var arena: ByteBuffer {
        _read { yield tape.arena }
        _modify { yield &tape.arena }
    }

    /// The finished tape.
    /// - Throws: ``PatchbayError`` with `decodingFailed` where the value is not complete.
    @inlinable
    public consuming func finish() throws -> Tape {
        guard isComplete else { throw failure("the message ends before its value does") }
        return tape
    }

    /// Appends a token that is a whole value.
    @inlinable @inline(__always)
    mutating func append(_ token: Token) throws {
        guard tape.tokens.count < limits.tokens, current.remaining != 0 else { throw refusal() }
        tape.tokens.append(token)
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
        guard outer.count < limits.depth else { throw tooDeep() }
        let index = tape.tokens.count
        guard index < limits.tokens, current.remaining != 0 else { throw refusal() }
        if let count {
            guard count >= 0, count <= (limits.tokens - index - 1) / perElement else { throw tooMany() }
            guard count > 0 else { return try append(Token(kind, payload: UInt64(index + 1))) }
            tape.tokens.append(Token(kind, length: UInt32(truncatingIfNeeded: count)))
            outer.append(current)
            current = Frame(token: index, remaining: count * perElement)
        } else {
            tape.tokens.append(Token(kind))
            outer.append(current)
            current = Frame(token: index, remaining: -1)
        }
    }

    /// Closes the innermost container, which was opened without a count.
    public mutating func close() throws {
        guard current.remaining < 0, let parent = outer.popLast() else {
            throw failure("a container ends where a value is due")
        }
        let values = -1 - current.remaining
        if tape.tokens[current.token].kind == .map {
            guard values.isMultiple(of: 2) else { throw failure("a map ends between a key and its value") }
            tape.tokens[current.token].length = UInt32(truncatingIfNeeded: values / 2)
        } else {
            tape.tokens[current.token].length = UInt32(truncatingIfNeeded: values)
        }
        try seal(current.token)
        current = parent
        current.remaining &-= 1
        if current.remaining == 0 { try closeFull() }
    }

    /// Closes what has all its values, from the inside out.
    @usableFromInline
    mutating func closeFull() throws {
        while current.remaining == 0, let parent = outer.popLast() {
            try seal(current.token)
            current = parent
            current.remaining &-= 1
        }
    }

    /// Opens a tag around the next value.
    mutating func openTag(_ token: Token) throws {
        guard outer.count < limits.depth else { throw tooDeep() }
        guard tape.tokens.count < limits.tokens, current.remaining != 0 else { throw refusal() }
        outer.append(current)
        current = Frame(token: tape.tokens.count, remaining: 1)
        tape.tokens.append(token)
    }

    /// Notes the end of a container, and checks a map's keys.
    private mutating func seal(_ index: Int) throws {
        switch tape.tokens[index].kind {
        case .tag, .namedTag: return
        case .map where limits.refusesDuplicateKeys:
            tape.tokens[index].payload = UInt64(tape.tokens.count)
            if let key = tape.duplicateKey(inMapAt: index) { throw failure("the key \(tape.summary(of: key)) comes twice in one map") }
        default: tape.tokens[index].payload = UInt64(tape.tokens.count)
        }
    }

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
    public func failure(_ message: String, at offset: Int? = nil) -> PatchbayError {
        PatchbayError(
            .decodingFailed,
            offset.map { "\(message), at byte \($0) of the message" } ?? message,
            stage: .decode,
            layer: layer
        )
    }
}
