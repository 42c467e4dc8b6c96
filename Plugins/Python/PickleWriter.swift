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

    private var buffer: ByteBuffer
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
        self.buffer = buffer
        self.version = version
        self.buffer.writeMultipleIntegers(PickleOpcode.proto, UInt8(truncatingIfNeeded: version))
        frameStart = self.buffer.writerIndex
        if version >= 4 { self.buffer.writeMultipleIntegers(PickleOpcode.frame, UInt64(0)) }
    }

    public mutating func finish() throws -> ByteBuffer {
        guard open.isEmpty, tag == .none else { throw Self.failure("a value was begun and not ended") }
        opcode(PickleOpcode.stop)
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
        return takeBuffer()
    }

    public mutating func takeBuffer() -> ByteBuffer {
        var taken = ByteBuffer()
        swap(&taken, &buffer)
        return taken
    }

    // MARK: Scalars

    public mutating func null() throws {
        try untagged()
        opcode(PickleOpcode.none)
    }

    public mutating func bool(_ value: Bool) throws {
        try untagged()
        opcode(value ? PickleOpcode.newTrue : PickleOpcode.newFalse)
    }

    public mutating func int(_ value: Int64) throws {
        try untagged()
        if let byte = UInt8(exactly: value) {
            buffer.writeMultipleIntegers(PickleOpcode.binInt1, byte)
        } else if let short = UInt16(exactly: value) {
            buffer.writeMultipleIntegers(PickleOpcode.binInt2, short, endianness: .little)
        } else if let word = Int32(exactly: value) {
            buffer.writeMultipleIntegers(PickleOpcode.binInt, word, endianness: .little)
        } else {
            let count = (65 - (value < 0 ? ~value : value).leadingZeroBitCount + 7) / 8
            buffer.writeMultipleIntegers(PickleOpcode.long1, UInt8(truncatingIfNeeded: count))
            withUnsafeBytes(of: value.littleEndian) { _ = buffer.writeBytes($0.prefix(count)) }
        }
    }

    public mutating func unsigned(_ value: UInt64) throws {
        if let small = Int64(exactly: value) { return try int(small) }
        try untagged()
        buffer.writeMultipleIntegers(PickleOpcode.long1, UInt8(9), value, UInt8(0), endianness: .little)
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
            buffer.writeMultipleIntegers(PickleOpcode.long1, count)
        } else if let count = Int32(exactly: digits.count) {
            buffer.writeMultipleIntegers(PickleOpcode.long4, count, endianness: .little)
        } else {
            throw Self.failure("an integer of \(digits.count) bytes is too large for a pickle")
        }
        buffer.writeBytes(digits)
    }

    public mutating func float(_ value: Float) throws { try double(Double(value)) }

    public mutating func double(_ value: Double) throws {
        try untagged()
        buffer.writeMultipleIntegers(PickleOpcode.binFloat, value.bitPattern)
    }

    public mutating func number(_ literal: String) throws {
        throw Self.failure("the decimal number \(literal.prefix(40)) fits no float, and pickle has no other plain form; send it as text")
    }

    public mutating func string(_ utf8: UnsafeRawBufferPointer) throws {
        try untagged()
        if version >= 4, let count = UInt8(exactly: utf8.count) {
            write(PickleOpcode.shortBinUnicode, count, utf8)
        } else if let count = UInt32(exactly: utf8.count) {
            write(PickleOpcode.binUnicode, count, utf8)
        } else if version >= 4 {
            write(PickleOpcode.binUnicode8, UInt64(utf8.count), utf8)
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
            opcode(PickleOpcode.stackGlobal)
        } else {
            line(PickleOpcode.global, module, name)
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
            opcode(PickleOpcode.emptyList)
            if let count, count <= 1 { frame.unmarked = count } else { opcode(PickleOpcode.mark) }
        case .tuple:
            if let count, count <= 3 { frame.unmarked = count } else { opcode(PickleOpcode.mark) }
        case .set:
            if version < 4 {
                builtin(frame.isFrozen ? PickleCodec.frozenSetTag : "set")
                opcode(PickleOpcode.emptyList)
            } else if !frame.isFrozen {
                opcode(PickleOpcode.emptySet)
            }
            if count == 0, !frame.isFrozen || version < 4 { frame.unmarked = 0 } else { opcode(PickleOpcode.mark) }
        }
        open.append(frame)
    }

    public mutating func endSequence(_ kind: SequenceKind, count: Int) throws {
        let frame = try end(count)
        switch kind {
        case .array:
            endItems(frame, count, single: PickleOpcode.append, several: PickleOpcode.appends)
        case .tuple:
            switch frame.unmarked {
            case 0: opcode(PickleOpcode.emptyTuple)
            case let few?: opcode(PickleOpcode.tuple1 + UInt8(truncatingIfNeeded: few - 1))
            case nil: opcode(PickleOpcode.tuple)
            }
        case .set where version < 4:
            endItems(frame, count, single: PickleOpcode.append, several: PickleOpcode.appends)
            buffer.writeMultipleIntegers(PickleOpcode.tuple1, PickleOpcode.reduce)
        case .set where frame.isFrozen:
            opcode(PickleOpcode.frozenSet)
        case .set:
            endItems(frame, count, single: PickleOpcode.addItems, several: PickleOpcode.addItems)
        }
    }

    public mutating func beginMap(count: Int?) throws {
        try untagged()
        opcode(PickleOpcode.emptyDict)
        var frame = Open()
        if let count, count <= 1 { frame.unmarked = count } else { opcode(PickleOpcode.mark) }
        open.append(frame)
    }

    public mutating func endMap(count: Int) throws {
        endItems(try end(count), count, single: PickleOpcode.setItem, several: PickleOpcode.setItems)
    }

    private mutating func end(_ count: Int) throws -> Open {
        try untagged()
        guard let frame = open.popLast(), frame.unmarked == nil || frame.unmarked == count else {
            throw Self.failure("a container was announced with another number of elements than the \(count) that came")
        }
        return frame
    }

    private mutating func endItems(_ frame: Open, _ count: Int, single: UInt8, several: UInt8) {
        switch frame.unmarked {
        case 0: break
        case _?: opcode(single)
        case nil: opcode(several)
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
            write(PickleOpcode.shortBinBytes, count, bytes)
        } else if let count = UInt32(exactly: bytes.count) {
            write(PickleOpcode.binBytes, count, bytes)
        } else if version >= 4 {
            write(PickleOpcode.binBytes8, UInt64(bytes.count), bytes)
        } else {
            throw Self.failure("\(bytes.count) bytes in one piece need pickle.protocol=4 or later")
        }
    }

    private mutating func byteArray(_ bytes: UnsafeRawBufferPointer) throws {
        guard version < 5 else { return write(PickleOpcode.byteArray8, UInt64(bytes.count), bytes) }
        builtin(PickleCodec.byteArrayTag)
        if bytes.isEmpty {
            buffer.writeMultipleIntegers(PickleOpcode.emptyTuple, PickleOpcode.reduce)
        } else {
            try plainBytes(bytes)
            buffer.writeMultipleIntegers(PickleOpcode.tuple1, PickleOpcode.reduce)
        }
    }

    /// Bytes in protocol 2, which has none: text with one code point for each, as CPython writes it.
    private mutating func latin1(_ bytes: UnsafeRawBufferPointer) throws {
        guard !bytes.isEmpty else {
            builtin("bytes")
            buffer.writeMultipleIntegers(PickleOpcode.emptyTuple, PickleOpcode.reduce)
            return
        }
        let high = bytes.reduce(0) { $0 + Int($1 >> 7) }
        guard let count = UInt32(exactly: bytes.count + high) else {
            throw Self.failure("\(bytes.count) bytes in one piece need pickle.protocol=4 or later")
        }
        line(PickleOpcode.global, "_codecs", "encode")
        buffer.writeMultipleIntegers(PickleOpcode.binUnicode, count, endianness: .little)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: Int(count)) { room in
            var index = 0
            for byte in bytes {
                if byte < 0x80 {
                    room[index] = byte
                } else {
                    room[index] = 0xC0 | byte >> 6
                    index += 1
                    room[index] = 0x80 | byte & 0x3F
                }
                index += 1
            }
            return index
        }
        try string("latin1")
        buffer.writeMultipleIntegers(PickleOpcode.tuple2, PickleOpcode.reduce)
    }

    /// A global of Python's builtins, which protocols below 3 know by their old name.
    private mutating func builtin(_ name: String) {
        line(PickleOpcode.global, version < 3 ? "__builtin__" : "builtins", name)
    }

    private mutating func line(_ opcode: UInt8, _ first: String, _ second: String) {
        self.opcode(opcode)
        buffer.writeString(first)
        self.opcode(UInt8(ascii: "\n"))
        buffer.writeString(second)
        self.opcode(UInt8(ascii: "\n"))
    }

    @inline(__always)
    private mutating func opcode(_ opcode: UInt8) { buffer.writeInteger(opcode) }

    /// An opcode with its little-endian length and its content, in one piece.
    @inline(__always)
    private mutating func write<Length: FixedWidthInteger>(_ opcode: UInt8, _ length: Length, _ content: UnsafeRawBufferPointer) {
        let header = 1 + MemoryLayout<Length>.size
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: header + content.count) { room in
            room[0] = opcode
            room.storeBytes(of: length.littleEndian, toByteOffset: 1, as: Length.self)
            if !content.isEmpty {
                UnsafeMutableRawBufferPointer(rebasing: room[header...]).copyMemory(from: content)
            }
            return header + content.count
        }
    }

    private static func failure(_ message: String) -> PatchbayError {
        PatchbayError(.encodingFailed, message, stage: .encode, layer: PythonPlugin.codecName)
    }
}
