extension Tape {
    /// Writes everything on the tape, without recursion: how one codec's message becomes another's.
    @inlinable
    public func write<Writer: TokenWriter>(to writer: inout Writer) throws {
        /// A container with the index of the token behind its last.
        var open: [(token: Token, end: Int)] = []
        var index = 0
        while true {
            while let last = open.last, last.end <= index {
                switch last.token.kind {
                case .map: try writer.endMap(count: Int(last.token.length))
                default: try writer.endSequence(last.token.kind.sequence, count: Int(last.token.length))
                }
                open.removeLast()
            }
            guard index < tokens.count else { return }
            let token = tokens[index]
            switch token.kind {
            case .array, .tuple, .set:
                try writer.beginSequence(token.kind.sequence, count: Int(token.length))
                open.append((token, self.index(after: index)))
            case .map:
                try writer.beginMap(count: Int(token.length))
                open.append((token, self.index(after: index)))
            default:
                try writeLeaf(token, to: &writer)
            }
            index += 1
        }
    }

    /// Writes a token that is neither a sequence nor a map; of a tag the tag alone.
    @inlinable
    public func writeLeaf<Writer: TokenWriter>(_ token: Token, to writer: inout Writer) throws {
        switch token.kind {
        case .null: try writer.null()
        case .bool: try writer.bool(token.detail != 0)
        case .int: try writer.int(Int64(bitPattern: token.payload))
        case .unsigned: try writer.unsigned(token.payload)
        case .float: try writer.float(Float(bitPattern: UInt32(truncatingIfNeeded: token.payload)))
        case .double: try writer.double(Double(bitPattern: token.payload))
        case .string: try withBytes(of: token) { try writer.string($0) }
        case .bytes: try withBytes(of: token) { try writer.bytes($0) }
        case .positiveBigInteger, .negativeBigInteger: try writer.bigInteger(bigInteger(of: token))
        case .number: try writer.number(text(of: token))
        case .tag: try writer.tag(.number(token.payload))
        case .namedTag: try writer.tag(.name(text(of: token)))
        case .extension: try withBytes(of: token) { try writer.extension(type: Int8(bitPattern: token.detail), $0) }
        case .simple: try writer.simple(token.detail)
        case .global:
            let name = global(of: token)
            try writer.global(module: name.module, name: name.name)
        case .array, .tuple, .set, .map: break
        }
    }
}

extension Token.Kind {
    /// The kind of sequence; `array` for what is none.
    @inlinable
    public var sequence: SequenceKind {
        switch self {
        case .tuple: .tuple
        case .set: .set
        default: .array
        }
    }
}
