public import NIOCore

/// The part of ``TokenEncoderState`` that knows its writer.
@usableFromInline
final class WriterEncoderState<Writer: TokenWriter>: TokenEncoderState {
    @usableFromInline @exclusivity(unchecked) var writer: Writer

    @inlinable
    init(_ writer: consuming Writer) {
        self.writer = writer
        super.init(writesIntegerKeys: Writer.writesIntegerKeys)
    }

    @inlinable
    func restart(_ writer: consuming Writer) {
        self.writer = writer
        restart()
    }

    @inlinable override func finish() throws -> ByteBuffer { try writer.finish() }
    @inlinable override func takeBuffer() -> ByteBuffer { writer.takeBuffer() }
    @inlinable override func null() throws { try writer.null() }
    @inlinable override func bool(_ value: Bool) throws { try writer.bool(value) }
    @inlinable override func int(_ value: Int64) throws { try writer.int(value) }
    @inlinable override func unsigned(_ value: UInt64) throws { try writer.unsigned(value) }
    @inlinable override func bigInteger(_ value: BigInteger) throws { try writer.bigInteger(value) }
    @inlinable override func float(_ value: Float) throws { try writer.float(value) }
    @inlinable override func double(_ value: Double) throws { try writer.double(value) }
    @inlinable override func string(_ utf8: UnsafeRawBufferPointer) throws { try writer.string(utf8) }
    @inlinable override func bytes(_ bytes: UnsafeRawBufferPointer) throws { try writer.bytes(bytes) }
    @inlinable override func beginArray(count: Int?) throws { try writer.beginSequence(.array, count: count) }
    @inlinable override func endArray(count: Int) throws { try writer.endSequence(.array, count: count) }
    @inlinable override func beginMap(count: Int?) throws { try writer.beginMap(count: count) }
    @inlinable override func endMap(count: Int) throws { try writer.endMap(count: count) }
    @inlinable override func value(_ value: Value) throws { try value.write(to: &writer) }
    @inlinable override func fields<Fields: FieldCodable>(_ value: Fields) throws { try value.write(to: &writer) }
    @inlinable override func doubles(_ elements: [Double]) throws { try sequence(elements) { try $0.double($1) } }
    @inlinable override func floats(_ elements: [Float]) throws { try sequence(elements) { try $0.float($1) } }
    @inlinable override func ints(_ elements: [Int]) throws { try sequence(elements) { try $0.int(Int64($1)) } }
    @inlinable override func strings(_ elements: [String]) throws { try sequence(elements) { try $0.string($1) } }

    @inlinable @inline(__always)
    func sequence<Element>(_ elements: [Element], _ body: (inout Writer, Element) throws -> Void) throws {
        try writer.beginSequence(.array, count: elements.count)
        for element in elements { try body(&writer, element) }
        try writer.endSequence(.array, count: elements.count)
    }
}
