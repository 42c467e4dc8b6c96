public import NIOCore

/// The values that are no containers.
extension TapeBuilder {
    @inlinable public mutating func null() throws { try append(Token(.null)) }

    @inlinable public mutating func bool(_ value: Bool) throws { try append(Token(.bool, detail: value ? 1 : 0)) }

    @inlinable public mutating func int(_ value: Int64) throws { try append(Token(.int, payload: UInt64(bitPattern: value))) }

    /// Becomes an `int` token where it fits.
    @inlinable
    public mutating func unsigned(_ value: UInt64) throws {
        try append(Token(value <= UInt64(Int64.max) ? .int : .unsigned, payload: value))
    }

    /// -1 - `value`, as CBOR writes negative integers.
    public mutating func negative(_ value: UInt64) throws {
        if value <= UInt64(Int64.max) { return try int(-1 - Int64(value)) }
        let (magnitude, overflow) = value.addingReportingOverflow(1)
        let bytes = overflow ? [1, 0, 0, 0, 0, 0, 0, 0, 0] : BigInteger(magnitude).magnitude
        try bytes.withUnsafeBytes { try bigInteger(isNegative: true, $0) }
    }

    /// An integer of any size.
    /// - Parameter magnitude: most significant byte first; leading zeros are dropped, and what fits becomes a small integer.
    public mutating func bigInteger(isNegative: Bool, _ magnitude: UnsafeRawBufferPointer) throws {
        let digits = UnsafeRawBufferPointer(rebasing: magnitude.drop { $0 == 0 })
        if digits.count <= 8 {
            let word = digits.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            if !isNegative { return try unsigned(word) }
            if word <= UInt64(Int64.max) + 1 { return try int(Int64(truncatingIfNeeded: 0 &- word)) }
        }
        let start = arena.readableBytes
        arena.writeBytes(digits)
        try append(
            Token(
                isNegative ? .negativeBigInteger : .positiveBigInteger,
                length: UInt32(truncatingIfNeeded: digits.count),
                payload: UInt64(start)
            )
        )
    }

    @inlinable
    public mutating func float(_ value: Float) throws { try append(Token(.float, payload: UInt64(value.bitPattern))) }

    @inlinable
    public mutating func double(_ value: Double) throws { try append(Token(.double, payload: value.bitPattern)) }

    /// Text that lies in the message.
    /// - Parameter isValidated: the reader already knows that it is UTF-8.
    public mutating func string(at offset: Int, count: Int, isValidated: Bool = false) throws {
        try check(offset, count)
        let text = UnsafeRawBufferPointer(start: bytes.baseAddress.map { $0 + offset }, count: count)
        guard isValidated || isShortASCII(text) || isValidUTF8(text) else {
            return try refuse("text is not UTF-8", at: offset)
        }
        try append(Self.token(.string, at: offset, count: count))
    }

    /// Text that the reader put at the end of the arena.
    /// - Parameter start: the arena's `readableBytes` before.
    @inlinable
    public mutating func stringInArena(from start: Int, isValidated: Bool = false) throws {
        let token = tokenInArena(.string, from: start)
        guard isValidated || arena.withUnsafeReadableBytes({ isValidUTF8(UnsafeRawBufferPointer(rebasing: $0[max(0, start)...])) }) else {
            throw failure("text is not UTF-8")
        }
        try append(token)
    }

    /// Bytes that lie in the message.
    @inlinable
    public mutating func bytes(at offset: Int, count: Int) throws {
        try check(offset, count)
        try append(Self.token(.bytes, at: offset, count: count))
    }

    /// Bytes that the reader put at the end of the arena.
    @inlinable
    public mutating func bytesInArena(from start: Int) throws { try append(tokenInArena(.bytes, from: start)) }

    /// A decimal literal, as JSON writes numbers, that no `Double` holds; it lies in the message.
    public mutating func number(at offset: Int, count: Int) throws {
        try check(offset, count)
        try append(Self.token(.number, at: offset, count: count))
    }

    /// Says how the next value is to be taken.
    public mutating func tag(_ number: UInt64) throws { try openTag(Token(.tag, payload: number)) }

    public mutating func tag(_ name: String) throws {
        let start = arena.readableBytes
        arena.writeString(name)
        try openTag(tokenInArena(.namedTag, from: start))
    }

    public mutating func `extension`(type: Int8, at offset: Int, count: Int) throws {
        try check(offset, count)
        var token = Self.token(.extension, at: offset, count: count)
        token.detail = UInt8(bitPattern: type)
        try append(token)
    }

    public mutating func simple(_ value: UInt8) throws { try append(Token(.simple, detail: value)) }

    public mutating func global(module: String, name: String) throws {
        guard !module.utf8.contains(0), !name.utf8.contains(0) else { throw failure("the name of a global holds a NUL") }
        let start = arena.readableBytes
        arena.writeString(module)
        arena.writeInteger(UInt8(0))
        arena.writeString(name)
        try append(tokenInArena(.global, from: start))
    }

    @inlinable @inline(__always)
    mutating func check(_ offset: Int, _ count: Int) throws {
        guard offset >= 0, count >= 0, offset <= bytes.count, count <= bytes.count &- offset else {
            return try refuse("the message ends before its value does", at: offset)
        }
    }

    @inlinable @inline(__always)
    static func token(_ kind: Token.Kind, at offset: Int, count: Int) -> Token {
        Token(kind, inMessage: true, length: UInt32(truncatingIfNeeded: count), payload: UInt64(truncatingIfNeeded: offset))
    }

    @inlinable
    func tokenInArena(_ kind: Token.Kind, from start: Int) -> Token {
        Token(
            kind,
            length: UInt32(truncatingIfNeeded: max(0, arena.readableBytes &- start)),
            payload: UInt64(truncatingIfNeeded: max(0, start))
        )
    }
}
