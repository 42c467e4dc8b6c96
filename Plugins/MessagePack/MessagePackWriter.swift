public import NIOCore
public import PatchbayCore

/// Writes MessagePack: of each value the smallest form.
public struct MessagePackWriter: TokenWriter {
    private var output: MessageOutput
    private var heads = ContainerHeads()

    public init(_ buffer: consuming ByteBuffer) {
        output = MessageOutput(buffer, layer: MessagePackReader.layer)
    }

    public mutating func finish() throws -> ByteBuffer {
        guard heads.isEmpty else { throw Self.failure("a container was begun and not ended") }
        return takeBuffer()
    }

    public mutating func takeBuffer() -> ByteBuffer { output.take() }

    public mutating func null() throws { try output.write(0xC0) }

    public mutating func bool(_ value: Bool) throws { try output.write(value ? 0xC3 : 0xC2) }

    public mutating func int(_ value: Int64) throws {
        switch value {
        case 0...: try unsigned(UInt64(value))
        case -32..<0: try output.write(UInt8(truncatingIfNeeded: value))
        case Int64(Int8.min)..<0: try output.write(0xD0, Int8(value))
        case Int64(Int16.min)..<0: try output.write(0xD1, Int16(value))
        case Int64(Int32.min)..<0: try output.write(0xD2, Int32(value))
        default: try output.write(0xD3, value)
        }
    }

    public mutating func unsigned(_ value: UInt64) throws {
        switch value {
        case 0...0x7F: try output.write(UInt8(value))
        case 0...0xFF: try output.write(0xCC, UInt8(value))
        case 0...0xFFFF: try output.write(0xCD, UInt16(value))
        case 0...0xFFFF_FFFF: try output.write(0xCE, UInt32(value))
        default: try output.write(0xCF, value)
        }
    }

    public mutating func bigInteger(_ value: BigInteger) throws {
        let digits = value.magnitude.drop { $0 == 0 }
        let word = digits.count <= 8 ? digits.reduce(UInt64(0)) { $0 << 8 | UInt64($1) } : nil
        switch (value.isNegative, word) {
        case (false, let word?): try unsigned(word)
        case (true, let word?) where word <= UInt64(Int64.max) + 1: try int(Int64(truncatingIfNeeded: 0 &- word))
        default:
            throw Self.failure(
                "an integer of \(digits.count) bytes does not fit: MessagePack's integers reach from -2^63 to 2^64 - 1; send it as text or bytes"
            )
        }
    }

    public mutating func float(_ value: Float) throws { try output.write(0xCA, value.bitPattern) }

    public mutating func double(_ value: Double) throws { try output.write(0xCB, value.bitPattern) }

    public mutating func number(_ literal: String) throws {
        throw Self.failure("MessagePack has no decimal literals, such as \(literal.prefix(40)); send it as text")
    }

    public mutating func string(_ utf8: UnsafeRawBufferPointer) throws {
        switch utf8.count {
        case 0...31: try output.write(0xA0 | UInt8(utf8.count))
        case 0...0xFF: try output.write(0xD9, UInt8(utf8.count))
        case 0...0xFFFF: try output.write(0xDA, UInt16(utf8.count))
        default: try output.write(0xDB, UInt32(clamping: utf8.count))
        }
        try output.write(utf8)
    }

    public mutating func bytes(_ bytes: UnsafeRawBufferPointer) throws {
        switch bytes.count {
        case 0...0xFF: try output.write(0xC4, UInt8(bytes.count))
        case 0...0xFFFF: try output.write(0xC5, UInt16(bytes.count))
        default: try output.write(0xC6, UInt32(clamping: bytes.count))
        }
        try output.write(bytes)
    }

    public mutating func beginSequence(_ kind: SequenceKind, count: Int?) throws {
        try begin(.array, count: count)
    }

    public mutating func endSequence(_ kind: SequenceKind, count: Int) throws {
        try end(.array, count: count)
    }

    public mutating func beginMap(count: Int?) throws {
        try begin(.map, count: count)
    }

    public mutating func endMap(count: Int) throws {
        try end(.map, count: count)
    }

    public mutating func tag(_ tag: ValueTag) throws {
        throw Self.failure("MessagePack has no tags; send the value untagged, or as an extension, or use cbor")
    }

    public mutating func `extension`(type: Int8, _ bytes: UnsafeRawBufferPointer) throws {
        switch bytes.count {
        case 1: try output.write(0xD4, type)
        case 2: try output.write(0xD5, type)
        case 4: try output.write(0xD6, type)
        case 8: try output.write(0xD7, type)
        case 16: try output.write(0xD8, type)
        case 0...0xFF:
            try output.write(0xC7, UInt8(bytes.count))
            try output.write(UInt8(bitPattern: type))
        case 0...0xFFFF:
            try output.write(0xC8, UInt16(bytes.count))
            try output.write(UInt8(bitPattern: type))
        default:
            try output.write(0xC9, UInt32(clamping: bytes.count))
            try output.write(UInt8(bitPattern: type))
        }
        try output.write(bytes)
    }

    public mutating func simple(_ value: UInt8) throws {
        throw Self.failure("MessagePack has no simple values, such as simple(\(value)); send null, or use cbor")
    }

    public mutating func global(module: String, name: String) throws {
        throw Self.failure("MessagePack has no names of a peer's program, such as \(module).\(name); send it as text")
    }

    // MARK: Containers

    /// The format bytes of a container.
    private struct Container {
        /// Of at most 15 elements, with the count in the low bits.
        let fixed: UInt8
        let count16: UInt8
        let count32: UInt8

        static let array = Container(fixed: 0x90, count16: 0xDC, count32: 0xDD)
        static let map = Container(fixed: 0x80, count16: 0xDE, count32: 0xDF)
    }

    private mutating func begin(_ container: Container, count: Int?) throws {
        heads.push(ContainerHeads.Head(position: output.position, declared: count))
        switch count {
        case nil: try output.write(container.fixed)
        case let count? where count < 0: throw Self.failure("a container of \(count) elements")
        case let count? where count <= 15: try output.write(container.fixed | UInt8(count))
        case let count? where count <= 0xFFFF: try output.write(container.count16, UInt16(count))
        case let count?:
            try output.write(container.count32, try Self.count32(count))
        }
    }

    private mutating func end(_ container: Container, count: Int) throws {
        guard let head = heads.pop() else { throw Self.failure("a container was ended that was not begun") }
        if let declared = head.declared {
            guard declared == count else { throw Self.failure("a container of \(declared) elements got \(count)") }
        } else if count <= 15 {
            output.set(container.fixed | UInt8(truncatingIfNeeded: count), at: head.position)
        } else if count <= 0xFFFF {
            try output.insertSpace(2, at: head.position + 1)
            output.set(container.count16, UInt16(count), at: head.position)
        } else {
            let count = try Self.count32(count)
            try output.insertSpace(4, at: head.position + 1)
            output.set(container.count32, count, at: head.position)
        }
    }

    private static func count32(_ count: Int) throws -> UInt32 {
        guard let count = UInt32(exactly: count) else {
            throw failure("MessagePack's containers hold at most 2^32 - 1 elements, not \(count); send it in parts")
        }
        return count
    }

    private static func failure(_ message: String) -> PatchbayError {
        PatchbayError(.encodingFailed, message, stage: .encode, layer: MessagePackReader.layer)
    }
}
