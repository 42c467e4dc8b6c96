internal import NIOCore
internal import PatchbayCore

/// Writes values onto a ``Tape``: for codecs that know no tokens. All bytes are in the arena, which is the writer's buffer.
struct TapeWriter: TokenWriter {
    private(set) var tape = Tape(message: ByteBuffer())
    /// The indices of open containers.
    private var open: [Int] = []

    init(_ buffer: consuming ByteBuffer) { tape.arena = buffer }

    mutating func finish() -> ByteBuffer { tape.arena }

    private mutating func append(_ kind: Token.Kind, detail: UInt8 = 0, payload: UInt64 = 0) {
        tape.tokens.append(Token(kind, detail: detail, payload: payload))
    }

    private mutating func append(_ kind: Token.Kind, detail: UInt8 = 0, bytes: UnsafeRawBufferPointer) throws {
        guard let length = UInt32(exactly: bytes.count) else {
            throw PatchbayError(.encodingFailed, "a text of more than 4 GiB does not fit on a tape", stage: .decode)
        }
        tape.tokens.append(Token(kind, detail: detail, length: length, payload: UInt64(tape.arena.readableBytes)))
        tape.arena.writeBytes(bytes)
    }

    private mutating func append(_ kind: Token.Kind, text: String) throws {
        var text = text
        try text.withUTF8 { try append(kind, bytes: UnsafeRawBufferPointer($0)) }
    }

    mutating func null() { append(.null) }
    mutating func bool(_ value: Bool) { append(.bool, detail: value ? 1 : 0) }
    mutating func int(_ value: Int64) { append(.int, payload: UInt64(bitPattern: value)) }
    mutating func unsigned(_ value: UInt64) {
        if let small = Int64(exactly: value) { int(small) } else { append(.unsigned, payload: value) }
    }
    mutating func float(_ value: Float) { append(.float, payload: UInt64(value.bitPattern)) }
    mutating func double(_ value: Double) { append(.double, payload: value.bitPattern) }
    mutating func number(_ literal: String) throws { try append(.number, text: literal) }
    mutating func string(_ utf8: UnsafeRawBufferPointer) throws { try append(.string, bytes: utf8) }
    mutating func bytes(_ bytes: UnsafeRawBufferPointer) throws { try append(.bytes, bytes: bytes) }
    mutating func `extension`(type: Int8, _ bytes: UnsafeRawBufferPointer) throws {
        try append(.extension, detail: UInt8(bitPattern: type), bytes: bytes)
    }
    mutating func simple(_ value: UInt8) { append(.simple, detail: value) }
    mutating func global(module: String, name: String) throws { try append(.global, text: module + "\0" + name) }

    mutating func bigInteger(_ value: BigInteger) throws {
        let kind: Token.Kind = value.isNegative ? .negativeBigInteger : .positiveBigInteger
        try value.magnitude.withUnsafeBytes { try append(kind, bytes: $0) }
    }

    mutating func tag(_ tag: ValueTag) throws {
        switch tag {
        case .number(let number): append(.tag, payload: number)
        case .name(let name): try append(.namedTag, text: name)
        }
    }

    mutating func beginSequence(_ kind: SequenceKind, count: Int?) {
        switch kind {
        case .array: begin(.array)
        case .tuple: begin(.tuple)
        case .set: begin(.set)
        }
    }
    mutating func endSequence(_ kind: SequenceKind, count: Int) throws { try end(count) }
    mutating func beginMap(count: Int?) { begin(.map) }
    mutating func endMap(count: Int) throws { try end(count) }

    private mutating func begin(_ kind: Token.Kind) {
        open.append(tape.tokens.count)
        append(kind)
    }

    private mutating func end(_ count: Int) throws {
        guard let index = open.popLast(), let length = UInt32(exactly: count) else {
            throw PatchbayError(.encodingFailed, "a container ends that did not begin", stage: .decode)
        }
        tape.tokens[index].length = length
        tape.tokens[index].payload = UInt64(tape.tokens.count)
    }
}
