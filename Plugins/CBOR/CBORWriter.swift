public import NIOCore
public import PatchbayCore

/// Writes CBOR: of each head the shortest form, and everything of definite length.
public struct CBORWriter: TokenWriter {
    private var output: MessageOutput
    private var heads = ContainerHeads()
    private let floats: CBORCodec.Floats

    public init(_ buffer: consuming ByteBuffer) {
        self.init(buffer, floats: .typed)
    }

    init(_ buffer: consuming ByteBuffer, floats: CBORCodec.Floats) {
        output = MessageOutput(buffer, layer: CBORReader.layer)
        self.floats = floats
    }

    public mutating func finish() throws -> ByteBuffer {
        guard heads.isEmpty else { throw Self.failure("a container was begun and not ended") }
        return takeBuffer()
    }

    public mutating func takeBuffer() -> ByteBuffer { output.take() }

    public mutating func null() throws { try output.write(0xF6) }

    public mutating func bool(_ value: Bool) throws { try output.write(value ? 0xF5 : 0xF4) }

    public mutating func int(_ value: Int64) throws {
        if value >= 0 {
            try writeHead(MajorType.unsigned, UInt64(value))
        } else {
            try writeHead(MajorType.negative, UInt64(-1 - value))
        }
    }

    public mutating func unsigned(_ value: UInt64) throws { try writeHead(MajorType.unsigned, value) }

    public mutating func bigInteger(_ value: BigInteger) throws {
        let magnitude = value.magnitude.drop { $0 == 0 }
        let isNegative = value.isNegative && !magnitude.isEmpty
        let digits = isNegative ? Magnitude.subtracting1(from: magnitude).drop { $0 == 0 } : magnitude
        if digits.count <= 8 {
            // An integer that fits is no bignum in preferred serialization.
            try writeHead(isNegative ? MajorType.negative : MajorType.unsigned, digits.reduce(UInt64(0)) { $0 << 8 | UInt64($1) })
        } else {
            try writeHead(MajorType.tag, isNegative ? KnownTag.negativeBignum : KnownTag.positiveBignum)
            try digits.withUnsafeBytes { try bytes($0) }
        }
    }

    public mutating func float(_ value: Float) throws {
        try writeFloat(value.bitPattern)
    }

    public mutating func double(_ value: Double) throws {
        if floats == .shortest, let float = HalfPrecision.narrow(value) {
            try writeFloat(float)
        } else {
            try output.write(0xFB, value.bitPattern)
        }
    }

    private mutating func writeFloat(_ bits: UInt32) throws {
        if let half = HalfPrecision.narrow(bits) {
            try output.write(0xF9, half)
        } else {
            try output.write(0xFA, bits)
        }
    }

    public mutating func number(_ literal: String) throws {
        throw Self.failure("a decimal literal, such as \(literal.prefix(40)), is not written as CBOR; send it as text")
    }

    public mutating func string(_ utf8: UnsafeRawBufferPointer) throws {
        try writeString(MajorType.text, utf8)
    }

    public mutating func bytes(_ bytes: UnsafeRawBufferPointer) throws {
        try writeString(MajorType.bytes, bytes)
    }

    private mutating func writeString(_ major: UInt8, _ bytes: UnsafeRawBufferPointer) throws {
        try writeHead(major, UInt64(bytes.count))
        try output.write(bytes)
    }

    public mutating func beginSequence(_ kind: SequenceKind, count: Int?) throws {
        if kind == .set { try writeHead(MajorType.tag, KnownTag.set) }
        try begin(MajorType.array, count: count)
    }

    public mutating func endSequence(_ kind: SequenceKind, count: Int) throws {
        try end(MajorType.array, count: count)
    }

    public mutating func beginMap(count: Int?) throws {
        try begin(MajorType.map, count: count)
    }

    public mutating func endMap(count: Int) throws {
        try end(MajorType.map, count: count)
    }

    public mutating func tag(_ tag: ValueTag) throws {
        switch tag {
        case .number(let number): try writeHead(MajorType.tag, number)
        case .name(let name): throw Self.failure("CBOR's tags are numbers, not names such as '\(name.prefix(40))'; send the value untagged")
        }
    }

    public mutating func `extension`(type: Int8, _ bytes: UnsafeRawBufferPointer) throws {
        throw Self.failure("CBOR has no extension types, such as MessagePack's \(type); send bytes with a tag")
    }

    public mutating func simple(_ value: UInt8) throws {
        switch value {
        case 0..<20, 23: try output.write(0xE0 | value)
        case 32...: try output.write(0xF8, value)
        case 20...22: throw Self.failure("simple(\(value)) is false, true or null in CBOR; send that")
        default: throw Self.failure("simple(\(value)) is reserved in CBOR; use another number")
        }
    }

    public mutating func global(module: String, name: String) throws {
        throw Self.failure("CBOR has no names of a peer's program, such as \(module).\(name); send it as text")
    }

    // MARK: Heads

    private mutating func writeHead(_ major: UInt8, _ argument: UInt64) throws {
        let type = major << 5
        switch argument {
        case 0..<24: try output.write(type | UInt8(argument))
        case 0...0xFF: try output.write(type | 24, UInt8(argument))
        case 0...0xFFFF: try output.write(type | 25, UInt16(argument))
        case 0...0xFFFF_FFFF: try output.write(type | 26, UInt32(argument))
        default: try output.write(type | 27, argument)
        }
    }

    private mutating func begin(_ major: UInt8, count: Int?) throws {
        heads.push(ContainerHeads.Head(position: output.position, declared: count))
        guard let argument = UInt64(exactly: count ?? 0) else { throw Self.failure("a container of \(count ?? 0) elements") }
        try writeHead(major, argument)
    }

    private mutating func end(_ major: UInt8, count: Int) throws {
        guard let head = heads.pop() else { throw Self.failure("a container was ended that was not begun") }
        if let declared = head.declared {
            guard declared == count else { throw Self.failure("a container of \(declared) elements got \(count)") }
            return
        }
        let type = major << 5
        switch count {
        case ..<24:
            output.set(type | UInt8(truncatingIfNeeded: count), at: head.position)
        case ...0xFF:
            try output.insertSpace(1, at: head.position + 1)
            output.set(type | 24, UInt8(count), at: head.position)
        case ...0xFFFF:
            try output.insertSpace(2, at: head.position + 1)
            output.set(type | 25, UInt16(count), at: head.position)
        case ...0xFFFF_FFFF:
            try output.insertSpace(4, at: head.position + 1)
            output.set(type | 26, UInt32(count), at: head.position)
        default:
            try output.insertSpace(8, at: head.position + 1)
            output.set(type | 27, UInt64(count), at: head.position)
        }
    }

    private static func failure(_ message: String) -> PatchbayError {
        PatchbayError(.encodingFailed, message, stage: .encode, layer: CBORReader.layer)
    }
}
