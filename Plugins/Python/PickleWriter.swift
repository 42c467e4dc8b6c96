public import NIOCore
public import PatchbayCore

/// Writes one pickle.
///
/// Shared objects are written out each time, so that there is no memo; CPython loads an equal object. Numbers, None and bools are byte for
/// byte what CPython writes.
public struct PickleWriter: TokenWriter {
    /// How an open container began.
    private struct Open {
        /// How many elements it was announced to have, where they go without a mark.
        var unmarked: Int?
        var isFrozen = false
    }

    /// A name that was said of the next value.
    private enum Tag {
        case none, byteArray, frozenSet
    }

    private var output: MessageOutput
    private let version: Int
    /// Where the frame's length goes; protocols below 4 have no frame.
    private let frameStart: Int
    private var open: [Open] = []
    private var tag = Tag.none

    /// Writes ``PickleCodec/defaultProtocol``.
    public init(_ buffer: consuming ByteBuffer) {
        self.init(buffer, protocol: PickleCodec.defaultProtocol)
    }

    init(_ buffer: consuming ByteBuffer, protocol version: Int) {
        self.version = version
        // Here, since only the rest can throw.
        buffer.writeMultipleIntegers(PickleOpcode.proto, UInt8(truncatingIfNeeded: version))
        frameStart = buffer.writerIndex
        if version >= 4 { buffer.writeMultipleIntegers(PickleOpcode.frame, UInt64(0)) }
        output = MessageOutput(consume buffer, layer: PythonPlugin.codecName)
    }

    public mutating func finish() throws -> ByteBuffer {
        guard open.isEmpty, tag == .none else { throw Self.failure("a value was begun and not ended") }
        try opcode(PickleOpcode.stop)
        var buffer = output.take()
        if version >= 4 {
            let body = buffer.writerIndex - frameStart - 9
            if body < 4 {
                // CPython puts no frame around so little.
                try buffer.copyBytes(at: frameStart + 9, to: frameStart, length: body)
                buffer.moveWriterIndex(to: frameStart + body)
            } else {
                buffer.setInteger(UInt64(body), at: frameStart + 1, endianness: .little)
            }
        }
        return buffer
    }

    public mutating func takeBuffer() -> ByteBuffer { output.take() }

    // MARK: Scalars

    public mutating func null() throws {
        try untagged()
        try opcode(PickleOpcode.none)
    }

    public mutating func bool(_ value: Bool) throws {
        try untagged()
        try opcode(value ? PickleOpcode.newTrue : PickleOpcode.newFalse)
    }

    public mutating func int(_ value: Int64) throws {
        try untagged()
        if let byte = UInt8(exactly: value) {
            try output.write(PickleOpcode.binInt1, byte)
        } else if let short = UInt16(exactly: value) {
            try output.write(PickleOpcode.binInt2, short.byteSwapped)
        } else if let word = Int32(exactly: value) {
            try output.write(PickleOpcode.binInt, word.byteSwapped)
        } else {
            let count = (65 - (value < 0 ? ~value : value).leadingZeroBitCount + 7) / 8
            try output.write(PickleOpcode.long1, UInt8(truncatingIfNeeded: count))
            try withUnsafeBytes(of: value.littleEndian) { try output.write(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
        }
    }

    public mutating func unsigned(_ value: UInt64) throws {
        if let small = Int64(exactly: value) { return try int(small) }
        try untagged()
        try output.write(PickleOpcode.long1, UInt8(9))
        try withUnsafeBytes(of: value.littleEndian) { try output.write($0) }
        try output.write(UInt8(0))
    }

    public mutating func bigInteger(_ value: BigInteger) throws {
        try untagged()
        var digits = Array(value.magnitude.reversed())
        if value.isNegative {
            var carry = true
            for index in digits.indices {
                let (sum, overflow) = (~digits[index]).addingReportingOverflow(carry ? 1 : 0)
                digits[index] = sum
                carry = overflow
            }
        }
        let fill: UInt8 = value.isNegative ? 0xff : 0
        if digits.last.map({ ($0 ^ fill) & 0x80 != 0 }) ?? false { digits.append(fill) }
        while digits.count > 1, digits[digits.count - 1] == fill, (digits[digits.count - 2] ^ fill) & 0x80 == 0 { digits.removeLast() }
        if let count = UInt8(exactly: digits.count) {
            try output.write(PickleOpcode.long1, count)
        } else if let count = Int32(exactly: digits.count) {
            try output.write(PickleOpcode.long4, count.byteSwapped)
        } else {
            throw Self.failure("an integer of \(digits.count) bytes is too large for a pickle")
        }
        try digits.withUnsafeBytes { try output.write($0) }
    }

    public mutating func float(_ value: Float) throws { try double(Double(value)) }

    public mutating func double(_ value: Double) throws {
        try untagged()
        try output.write(PickleOpcode.binFloat, value.bitPattern)
    }

    public mutating func number(_ literal: String) throws {
        throw Self.failure("the decimal number \(literal.prefix(40)) fits no float, and pickle has no other plain form; send it as text")
    }

    public mutating func string(_ utf8: UnsafeRawBufferPointer) throws {
        try untagged()
        if version >= 4, let count = UInt8(exactly: utf8.count) {
            try write(PickleOpcode.shortBinUnicode, count, utf8)
        } else if let count = UInt32(exactly: utf8.count) {
            try write(PickleOpcode.binUnicode, count, utf8)
        } else if version >= 4 {
            try write(PickleOpcode.binUnicode8, UInt64(utf8.count), utf8)
        } else {
            throw Self.failure("text of \(utf8.count) bytes needs pickle.protocol=4 or later")
        }
    }

    public mutating func bytes(_ bytes: UnsafeRawBufferPointer) throws {
        guard tag != .byteArray else {
            tag = .none
            return try byteArray(bytes)
        }
        try untagged()
        try plainBytes(bytes)
    }

    public mutating func `extension`(type: Int8, _ bytes: UnsafeRawBufferPointer) throws {
        throw Self.failure("pickle has no form for MessagePack's extension type \(type); send its bytes")
    }

    public mutating func simple(_ value: UInt8) throws {
        throw Self.failure("pickle has no form for CBOR's simple value \(value); send null or a number")
    }

    public mutating func global(module: String, name: String) throws {
        try untagged()
        guard !module.isEmpty, !name.isEmpty, !(module + name).utf8.contains(where: { $0 < 0x20 }) else {
            throw Self.failure("the name of a global is empty or holds a control character")
        }
        if version >= 4 {
            try string(module)
            try string(name)
            try opcode(PickleOpcode.stackGlobal)
        } else {
            try line(PickleOpcode.global, module, name)
        }
    }

    public mutating func tag(_ tag: ValueTag) throws {
        try untagged()
        switch tag {
        case .name(PickleCodec.byteArrayTag): self.tag = .byteArray
        case .name(PickleCodec.frozenSetTag): self.tag = .frozenSet
        case .name(let name): throw Self.failure("pickle has no form for a value tagged \(name.prefix(40)); send it without the tag")
        case .number(let number): throw Self.failure("pickle has no form for CBOR's tag \(number); send the value without the tag")
        }
    }

    // MARK: Containers

    public mutating func beginSequence(_ kind: SequenceKind, count: Int?) throws {
        var frame = Open()
        if tag == .frozenSet, kind == .set {
            tag = .none
            frame.isFrozen = true
        }
        try untagged()
        switch kind {
        case .array:
            try opcode(PickleOpcode.emptyList)
            if let count, count <= 1 { frame.unmarked = count } else { try opcode(PickleOpcode.mark) }
        case .tuple:
            if let count, count <= 3 { frame.unmarked = count } else { try opcode(PickleOpcode.mark) }
        case .set:
            if version < 4 {
                try builtin(frame.isFrozen ? PickleCodec.frozenSetTag : "set")
                try opcode(PickleOpcode.emptyList)
            } else if !frame.isFrozen {
                try opcode(PickleOpcode.emptySet)
            }
            if count == 0, !frame.isFrozen || version < 4 { frame.unmarked = 0 } else { try opcode(PickleOpcode.mark) }
        }
        open.append(frame)
    }

    public mutating func endSequence(_ kind: SequenceKind, count: Int) throws {
        let frame = try end(count)
        switch kind {
        case .array:
            try endItems(frame, count, single: PickleOpcode.append, several: PickleOpcode.appends)
        case .tuple:
            switch frame.unmarked {
            case 0: try opcode(PickleOpcode.emptyTuple)
            case let few?: try opcode(PickleOpcode.tuple1 + UInt8(truncatingIfNeeded: few - 1))
            case nil: try opcode(PickleOpcode.tuple)
            }
        case .set where version < 4:
            try endItems(frame, count, single: PickleOpcode.append, several: PickleOpcode.appends)
            try output.write(PickleOpcode.tuple1, PickleOpcode.reduce)
        case .set where frame.isFrozen:
            try opcode(PickleOpcode.frozenSet)
        case .set:
            try endItems(frame, count, single: PickleOpcode.addItems, several: PickleOpcode.addItems)
        }
    }

    public mutating func beginMap(count: Int?) throws {
        try untagged()
        try opcode(PickleOpcode.emptyDict)
        var frame = Open()
        if let count, count <= 1 { frame.unmarked = count } else { try opcode(PickleOpcode.mark) }
        open.append(frame)
    }

    public mutating func endMap(count: Int) throws {
        try endItems(try end(count), count, single: PickleOpcode.setItem, several: PickleOpcode.setItems)
    }

    private mutating func end(_ count: Int) throws -> Open {
        try untagged()
        guard let frame = open.popLast(), frame.unmarked == nil || frame.unmarked == count else {
            throw Self.failure("a container was announced with another number of elements than the \(count) that came")
        }
        return frame
    }

    private mutating func endItems(_ frame: Open, _ count: Int, single: UInt8, several: UInt8) throws {
        switch frame.unmarked {
        case 0: break
        case _?: try opcode(single)
        case nil: try opcode(several)
        }
    }

    // MARK: Bytes

    @inline(__always)
    private func untagged() throws {
        guard tag == .none else {
            throw Self.failure("a \(tag == .byteArray ? "bytearray holds bytes" : "frozenset holds a set"), and another value was given")
        }
    }

    private mutating func plainBytes(_ bytes: UnsafeRawBufferPointer) throws {
        guard version >= 3 else { return try latin1(bytes) }
        if let count = UInt8(exactly: bytes.count) {
            try write(PickleOpcode.shortBinBytes, count, bytes)
        } else if let count = UInt32(exactly: bytes.count) {
            try write(PickleOpcode.binBytes, count, bytes)
        } else if version >= 4 {
            try write(PickleOpcode.binBytes8, UInt64(bytes.count), bytes)
        } else {
            throw Self.failure("\(bytes.count) bytes in one piece need pickle.protocol=4 or later")
        }
    }

    private mutating func byteArray(_ bytes: UnsafeRawBufferPointer) throws {
        guard version < 5 else { return try write(PickleOpcode.byteArray8, UInt64(bytes.count), bytes) }
        try builtin(PickleCodec.byteArrayTag)
        if bytes.isEmpty {
            try output.write(PickleOpcode.emptyTuple, PickleOpcode.reduce)
        } else {
            try plainBytes(bytes)
            try output.write(PickleOpcode.tuple1, PickleOpcode.reduce)
        }
    }

    /// Bytes in protocol 2, which has none: text with one code point for each, as CPython writes it.
    private mutating func latin1(_ bytes: UnsafeRawBufferPointer) throws {
        guard !bytes.isEmpty else {
            try builtin("bytes")
            try output.write(PickleOpcode.emptyTuple, PickleOpcode.reduce)
            return
        }
        let high = bytes.reduce(0) { $0 + Int($1 >> 7) }
        guard let count = UInt32(exactly: bytes.count + high) else {
            throw Self.failure("\(bytes.count) bytes in one piece need pickle.protocol=4 or later")
        }
        try line(PickleOpcode.global, "_codecs", "encode")
        try output.write(PickleOpcode.binUnicode, count.byteSwapped)
        for byte in bytes {
            if byte < 0x80 { try output.write(byte) } else { try output.write(0xC0 | byte >> 6, 0x80 | byte & 0x3F) }
        }
        try string("latin1")
        try output.write(PickleOpcode.tuple2, PickleOpcode.reduce)
    }

    /// A global of Python's builtins, which protocols below 3 know by their old name.
    private mutating func builtin(_ name: String) throws {
        try line(PickleOpcode.global, version < 3 ? "__builtin__" : "builtins", name)
    }

    private mutating func line(_ opcode: UInt8, _ first: String, _ second: String) throws {
        try self.opcode(opcode)
        try text(first)
        try self.opcode(UInt8(ascii: "\n"))
        try text(second)
        try self.opcode(UInt8(ascii: "\n"))
    }

    private mutating func text(_ text: String) throws {
        var text = text
        try text.withUTF8 { try output.write(UnsafeRawBufferPointer($0)) }
    }

    @inline(__always)
    private mutating func opcode(_ opcode: UInt8) throws { try output.write(opcode) }

    /// An opcode with its little-endian length and its content.
    @inline(__always)
    private mutating func write<Length: FixedWidthInteger & BitwiseCopyable>(
        _ opcode: UInt8,
        _ length: Length,
        _ content: UnsafeRawBufferPointer
    ) throws {
        try output.write(opcode, length.byteSwapped)
        try output.write(content)
    }

    private static func failure(_ message: String) -> PatchbayError {
        PatchbayError(.encodingFailed, message, stage: .encode, layer: PythonPlugin.codecName)
    }
}
