import NIOCore
import PatchbayCore

/// Writes each call as a word, so that tests can say what a codec is told.
struct RecordingWriter: TokenWriter {
    private var buffer: ByteBuffer
    private var isFirst = true

    init(_ buffer: consuming ByteBuffer) { self.buffer = buffer }

    private mutating func say(_ words: String) {
        buffer.writeString(isFirst ? words : " \(words)")
        isFirst = false
    }

    mutating func finish() throws -> ByteBuffer { buffer }
    mutating func takeBuffer() -> ByteBuffer { buffer }
    mutating func null() throws { say("null") }
    mutating func bool(_ value: Bool) throws { say("\(value)") }
    mutating func int(_ value: Int64) throws { say("\(value)") }
    mutating func unsigned(_ value: UInt64) throws { say("\(value)u") }
    mutating func bigInteger(_ value: BigInteger) throws { say("big\(value)") }
    mutating func float(_ value: Float) throws { say("\(value)f") }
    mutating func double(_ value: Double) throws { say("\(value)") }
    mutating func number(_ literal: String) throws { say("number:\(literal)") }
    mutating func string(_ utf8: UnsafeRawBufferPointer) throws { say("'\(String(decoding: utf8, as: UTF8.self))'") }
    mutating func bytes(_ bytes: UnsafeRawBufferPointer) throws { say("bytes[\(bytes.map { "\($0)" }.joined(separator: ","))]") }
    mutating func beginSequence(_ kind: SequenceKind, count: Int?) throws { say("\(kind)\(count.map { "\($0)" } ?? "?")[") }
    mutating func endSequence(_ kind: SequenceKind, count: Int) throws { say("]\(count)") }
    mutating func beginMap(count: Int?) throws { say("map\(count.map { "\($0)" } ?? "?"){") }
    mutating func endMap(count: Int) throws { say("}\(count)") }
    mutating func tag(_ tag: ValueTag) throws { say("\(tag)") }
    mutating func `extension`(type: Int8, _ bytes: UnsafeRawBufferPointer) throws { say("ext\(type)") }
    mutating func simple(_ value: UInt8) throws { say("simple\(value)") }
    mutating func global(module: String, name: String) throws { say("\(module).\(name)") }
}

/// A codec that only writes.
struct RecordingCodec: ValueCodec {
    func makeWriter(_ buffer: consuming ByteBuffer) -> RecordingWriter { RecordingWriter(buffer) }
    func read(_ message: ByteBuffer) throws -> Tape { Tape(message: message) }

    func words(_ value: some Encodable) throws -> String {
        var buffer = ByteBuffer()
        try encode(value, into: &buffer)
        return String(buffer: buffer)
    }

    func words(_ value: Value) throws -> String {
        var buffer = ByteBuffer()
        try encode(value, into: &buffer)
        return String(buffer: buffer)
    }
}
