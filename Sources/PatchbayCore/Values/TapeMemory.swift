internal import NIOCore

/// A tape's tokens and bytes where they lie: its readers walk over these without counting references.
///
/// Valid only while the tape is held, and not changed, by whoever made this.
struct TapeMemory {
    let tokens: UnsafeBufferPointer<Token>
    let message: UnsafeRawBufferPointer
    let arena: UnsafeRawBufferPointer

    /// No initializer, since those take over what they are given, and a tape's copy counts three references.
    @inline(__always)
    static func of(_ tape: Tape) -> TapeMemory {
        let arena = tape.arena.readableBytes == 0 ? UnsafeRawBufferPointer(start: nil, count: 0) : tape.arena.withUnsafeReadableBytes { $0 }
        return TapeMemory(
            tokens: tape.tokens.withUnsafeBufferPointer { $0 },
            message: tape.message.withUnsafeReadableBytes { $0 },
            arena: arena
        )
    }

    @inline(__always) var count: Int { tokens.count }

    /// The token at an index that is known to be on the tape.
    @inline(__always)
    subscript(index: Int) -> Token { tokens[index] }

    /// As ``Tape/withBytes(of:_:)``.
    @inline(__always)
    func bytes(of token: Token) -> UnsafeRawBufferPointer {
        let all = token.inMessage ? message : arena
        let length = Int(token.length)
        guard token.payload <= UInt64(truncatingIfNeeded: all.count),
            length <= all.count &- Int(truncatingIfNeeded: token.payload), let base = all.baseAddress
        else { return UnsafeRawBufferPointer(start: nil, count: 0) }
        return UnsafeRawBufferPointer(start: base + Int(truncatingIfNeeded: token.payload), count: length)
    }

    @inline(__always)
    func text(of token: Token) -> String { String(decoding: bytes(of: token), as: UTF8.self) }

    /// As ``Tape/index(after:)``.
    @inline(__always)
    func index(after index: Int) -> Int {
        guard index < tokens.count else { return tokens.count }
        return tokens[index].kind.isLeaf ? index &+ 1 : indexAfterNested(index)
    }

    @inline(never)
    private func indexAfterNested(_ index: Int) -> Int {
        var index = index
        while index < tokens.count {
            let token = tokens[index]
            switch token.kind {
            case .tag, .namedTag:
                index &+= 1
            case .array, .tuple, .set, .map:
                return token.payload > UInt64(index) && token.payload <= UInt64(tokens.count)
                    ? Int(truncatingIfNeeded: token.payload) : tokens.count
            default:
                return index &+ 1
            }
        }
        return tokens.count
    }
}

extension Token.Kind {
    /// One token is the whole value.
    @inline(__always)
    var isLeaf: Bool { rawValue < Self.array.rawValue || rawValue > Self.namedTag.rawValue }
}
