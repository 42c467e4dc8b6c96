public import NIOCore

extension Tape {
    /// The bytes of a string, bytes, big integer, number, named tag, extension or global, where they lie.
    ///
    /// Empty where the token points outside of its buffer, which a checked tape never does.
    @inlinable
    public func withBytes<Result>(of token: Token, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try (token.inMessage ? message : arena).withUnsafeReadableBytes { all in
            let length = Int(token.length)
            guard token.payload <= UInt64(all.count), length <= all.count &- Int(truncatingIfNeeded: token.payload) else {
                return try body(UnsafeRawBufferPointer(start: nil, count: 0))
            }
            let start = Int(truncatingIfNeeded: token.payload)
            return try body(UnsafeRawBufferPointer(rebasing: all[start..<(start &+ length)]))
        }
    }

    /// The text of a string, number or named tag.
    public func text(of token: Token) -> String {
        withBytes(of: token) { String(decoding: $0, as: UTF8.self) }
    }

    /// The bytes of a token as a slice that shares the tape's storage.
    public func buffer(of token: Token) -> ByteBuffer {
        let source = token.inMessage ? message : arena
        guard token.payload <= UInt64(source.readableBytes) else { return ByteBuffer() }
        return source.getSlice(at: source.readerIndex + Int(token.payload), length: Int(token.length)) ?? ByteBuffer()
    }

    /// The integer of a `positiveBigInteger`, `negativeBigInteger` or `unsigned` token.
    public func bigInteger(of token: Token) -> BigInteger {
        if token.kind == .unsigned { return BigInteger(token.payload) }
        return BigInteger(isNegative: token.kind == .negativeBigInteger, magnitude: withBytes(of: token) { Array($0) })
    }

    /// The two names of a `global` token.
    public func global(of token: Token) -> (module: String, name: String) {
        withBytes(of: token) { bytes in
            let end = bytes.firstIndex(of: 0) ?? bytes.count
            return (
                String(decoding: bytes[..<end], as: UTF8.self), String(decoding: bytes[min(end + 1, bytes.count)...], as: UTF8.self)
            )
        }
    }

    /// The index of the token behind the value that starts at `index`; the end of the tape where there is none.
    public func index(after index: Int) -> Int { TapeMemory.of(self).index(after: index) }
}
