public import NIOCore

extension Value {
    /// Says this value to a codec's writer.
    /// - Throws: ``PatchbayError`` with `encodingFailed` from the writer, or `limitExceeded` for a value nested deeper than
    ///   ``DecodingLimits/greatestDepth``, which no peer could read.
    @inlinable
    public func write<Writer: TokenWriter>(to writer: inout Writer) throws {
        try write(to: &writer, depth: 0)
    }

    @inlinable
    func write<Writer: TokenWriter>(to writer: inout Writer, depth: Int) throws {
        switch self {
        case .null: try writer.null()
        case .bool(let value): try writer.bool(value)
        case .int(let value): try writer.int(value)
        case .bigInteger(let value):
            if let small = Int64(exactly: value) {
                try writer.int(small)
            } else if let unsigned = UInt64(exactly: value) {
                try writer.unsigned(unsigned)
            } else {
                try writer.bigInteger(value)
            }
        case .float(let value): try writer.float(value)
        case .double(let value): try writer.double(value)
        case .number(let literal): try writer.number(literal)
        case .string(let text): try writer.string(text)
        case .bytes(let bytes): try bytes.withUnsafeReadableBytes { try writer.bytes($0) }
        case .array(let elements): try Self.write(elements, .array, to: &writer, depth: depth)
        case .tuple(let elements): try Self.write(elements, .tuple, to: &writer, depth: depth)
        case .set(let elements): try Self.write(elements, .set, to: &writer, depth: depth)
        case .map(let map):
            guard depth < DecodingLimits.greatestDepth else { throw Self.tooDeep() }
            try writer.beginMap(count: map.pairs.count)
            for pair in map.pairs {
                try pair.key.write(to: &writer, depth: depth &+ 1)
                try pair.value.write(to: &writer, depth: depth &+ 1)
            }
            try writer.endMap(count: map.pairs.count)
        case .tagged(let tag, let value):
            guard depth < DecodingLimits.greatestDepth else { throw Self.tooDeep() }
            try writer.tag(tag)
            try value.write(to: &writer, depth: depth &+ 1)
        case .extension(let type, let bytes): try bytes.withUnsafeReadableBytes { try writer.extension(type: type, $0) }
        case .simple(let value): try writer.simple(value)
        case .global(let module, let name): try writer.global(module: module, name: name)
        }
    }

    @inlinable
    static func write<Writer: TokenWriter>(_ elements: [Value], _ kind: SequenceKind, to writer: inout Writer, depth: Int) throws {
        guard depth < DecodingLimits.greatestDepth else { throw tooDeep() }
        try writer.beginSequence(kind, count: elements.count)
        for element in elements { try element.write(to: &writer, depth: depth &+ 1) }
        try writer.endSequence(kind, count: elements.count)
    }

    @usableFromInline
    static func tooDeep() -> PatchbayError {
        PatchbayError(
            .limitExceeded,
            "the value is nested more than \(DecodingLimits.greatestDepth) deep; flatten it",
            stage: .encode
        )
    }

    /// The value on a tape; its bytes share the tape's storage.
    /// - Throws: ``PatchbayError`` with `decodingFailed` for an empty tape, or `limitExceeded` for one nested deeper than
    ///   ``DecodingLimits/greatestDepth``.
    public init(_ tape: Tape) throws {
        var index = 0
        self = try Value(tape, &index, depth: 0)
    }

    /// The value that starts at a token; `index` moves behind it.
    init(_ tape: Tape, _ index: inout Int, depth: Int) throws {
        guard index < tape.tokens.count else {
            throw PatchbayError(.decodingFailed, "the message ends before its value does", stage: .decode)
        }
        guard depth <= DecodingLimits.greatestDepth else {
            throw PatchbayError(
                .limitExceeded,
                "the message is nested more than \(DecodingLimits.greatestDepth) deep",
                stage: .decode
            )
        }
        let token = tape.tokens[index]
        index += 1
        switch token.kind {
        case .null: self = .null
        case .bool: self = .bool(token.detail != 0)
        case .int: self = .int(Int64(bitPattern: token.payload))
        case .unsigned, .positiveBigInteger, .negativeBigInteger: self = .bigInteger(tape.bigInteger(of: token))
        case .float: self = .float(Float(bitPattern: UInt32(truncatingIfNeeded: token.payload)))
        case .double: self = .double(Double(bitPattern: token.payload))
        case .string: self = .string(tape.text(of: token))
        case .bytes: self = .bytes(tape.buffer(of: token))
        case .number: self = .number(tape.text(of: token))
        case .array: self = .array(try Self.elements(tape, token, &index, depth))
        case .tuple: self = .tuple(try Self.elements(tape, token, &index, depth))
        case .set: self = .set(try Self.elements(tape, token, &index, depth))
        case .map:
            var pairs: [ValueMap.Pair] = []
            pairs.reserveCapacity(min(Int(token.length), tape.tokens.count - index))
            for _ in 0..<token.length {
                let key = try Value(tape, &index, depth: depth + 1)
                pairs.append(ValueMap.Pair(key, try Value(tape, &index, depth: depth + 1)))
            }
            self = .map(ValueMap(pairs))
        case .tag: self = .tagged(.number(token.payload), try Value(tape, &index, depth: depth + 1))
        case .namedTag: self = .tagged(.name(tape.text(of: token)), try Value(tape, &index, depth: depth + 1))
        case .extension: self = .extension(type: Int8(bitPattern: token.detail), tape.buffer(of: token))
        case .simple: self = .simple(token.detail)
        case .global:
            let (module, name) = tape.global(of: token)
            self = .global(module: module, name: name)
        }
    }

    private static func elements(_ tape: Tape, _ token: Token, _ index: inout Int, _ depth: Int) throws -> [Value] {
        var elements: [Value] = []
        elements.reserveCapacity(min(Int(token.length), tape.tokens.count - index))
        for _ in 0..<token.length { elements.append(try Value(tape, &index, depth: depth + 1)) }
        return elements
    }
}

extension TokenWriter {
    /// Writes a Swift string.
    @inlinable
    public mutating func string(_ text: String) throws {
        var text = text
        try text.withUTF8 { try string(UnsafeRawBufferPointer($0)) }
    }
}
