public import NIOCore
public import PatchbayCore

/// Writes one message, value by value as they are said to it.
public struct AcmeWriter: TokenWriter {
    private var buffer: ByteBuffer

    public init(_ buffer: consuming ByteBuffer) { self.buffer = buffer }

    public mutating func finish() -> ByteBuffer { buffer }

    public mutating func null() { buffer.writeString("n") }
    public mutating func bool(_ value: Bool) { buffer.writeString(value ? "t" : "f") }
    public mutating func int(_ value: Int64) { buffer.writeString("i\(value)e") }
    public mutating func float(_ value: Float) { double(Double(value)) }

    public mutating func double(_ value: Double) {
        let digits = String(value.bitPattern, radix: 16)
        buffer.writeString("r" + String(repeating: "0", count: 16 - digits.utf8.count) + digits)
    }

    public mutating func string(_ utf8: UnsafeRawBufferPointer) {
        buffer.writeString("s\(utf8.count):")
        buffer.writeBytes(utf8)
    }

    public mutating func bytes(_ bytes: UnsafeRawBufferPointer) {
        buffer.writeString("b\(bytes.count):")
        buffer.writeBytes(bytes)
    }

    public mutating func beginSequence(_ kind: SequenceKind, count: Int?) throws {
        guard kind == .array else { throw unfit("a \(kind)") }
        buffer.writeString("l")
    }

    public mutating func endSequence(_ kind: SequenceKind, count: Int) { buffer.writeString("e") }
    public mutating func beginMap(count: Int?) { buffer.writeString("d") }
    public mutating func endMap(count: Int) { buffer.writeString("e") }

    // What this format has no words for. The sender is told, and nothing is sent.

    public mutating func unsigned(_ value: UInt64) throws { throw unfit("an integer of 64 bits without a sign") }
    public mutating func bigInteger(_ value: BigInteger) throws { throw unfit("an integer of more than 64 bits") }
    public mutating func number(_ literal: String) throws { throw unfit("a decimal that no double holds") }
    public mutating func tag(_ tag: ValueTag) throws { throw unfit("a tag") }
    public mutating func `extension`(type: Int8, _ bytes: UnsafeRawBufferPointer) throws { throw unfit("an extension") }
    public mutating func simple(_ value: UInt8) throws { throw unfit("a simple value") }
    public mutating func global(module: String, name: String) throws { throw unfit("the name of a global") }

    private func unfit(_ what: String) -> PatchbayError {
        PatchbayError(.encodingFailed, "acme has no form for \(what)", stage: .encode, layer: "acme")
    }
}
