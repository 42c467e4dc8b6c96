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
}

extension TokenWriter {
    /// Writes a Swift string.
    @inlinable
    public mutating func string(_ text: String) throws {
        var text = text
        try text.withUTF8 { try string(UnsafeRawBufferPointer($0)) }
    }
}
