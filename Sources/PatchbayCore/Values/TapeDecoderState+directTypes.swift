internal import NIOCore

extension TapeDecoderState {
    /// Reads a value whose type needs no container of its own; nil for other types.
    func directly<T: Decodable>(_ type: T.Type, _ index: Int) throws -> T? {
        let value = untagged(index)
        if T.self == String.self { return unsafeBitCast(try string(value), to: T.self) }
        if T.self == Double.self { return unsafeBitCast(try double(value), to: T.self) }
        if T.self == Bool.self { return unsafeBitCast(try bool(value), to: T.self) }
        if T.self == Value.self {
            return unsafeBitCast(try Value.read(tape, memory, at: index), to: T.self)
        }
        if T.self == ByteBuffer.self { return unsafeBitCast(try byteBuffer(value), to: T.self) }
        if T.self == [UInt8].self {
            if let bytes = try bytesIfAny(value) { return unsafeBitCast(bytes, to: T.self) }
            return unsafeBitCast(try elements(value, UInt8.self) { try $0.integer($1) }, to: T.self)
        }
        if T.self == [Double].self { return unsafeBitCast(try elements(value, Double.self) { try $0.double($1) }, to: T.self) }
        if T.self == [Float].self { return unsafeBitCast(try elements(value, Float.self) { try $0.float($1) }, to: T.self) }
        if T.self == [Int].self { return unsafeBitCast(try elements(value, Int.self) { try $0.integer($1) }, to: T.self) }
        if T.self == [String].self { return unsafeBitCast(try elements(value, String.self) { try $0.string($1) }, to: T.self) }
        if T.self == Float.self { return unsafeBitCast(try float(value), to: T.self) }
        if T.self == Int.self { return unsafeBitCast(try integer(value) as Int, to: T.self) }
        if T.self == UInt8.self { return unsafeBitCast(try integer(value) as UInt8, to: T.self) }
        if T.self == Int64.self { return unsafeBitCast(try integer(value) as Int64, to: T.self) }
        if T.self == Int32.self { return unsafeBitCast(try integer(value) as Int32, to: T.self) }
        if T.self == UInt32.self { return unsafeBitCast(try integer(value) as UInt32, to: T.self) }
        if T.self == UInt64.self { return unsafeBitCast(try integer(value) as UInt64, to: T.self) }
        if T.self == UInt.self { return unsafeBitCast(try integer(value) as UInt, to: T.self) }
        if T.self == Int16.self { return unsafeBitCast(try integer(value) as Int16, to: T.self) }
        if T.self == UInt16.self { return unsafeBitCast(try integer(value) as UInt16, to: T.self) }
        if T.self == Int8.self { return unsafeBitCast(try integer(value) as Int8, to: T.self) }
        return nil
    }

    func elements<Element>(
        _ index: Int,
        _ type: Element.Type,
        _ read: (TapeDecoderState, Int) throws -> Element
    ) throws -> [Element] {
        let token = memory[index]
        switch token.kind {
        case .array, .tuple, .set: break
        default: throw mismatch(index, [Element].self, "a sequence")
        }
        var elements: [Element] = []
        elements.reserveCapacity(min(Int(token.length), memory.count - index))
        var position = index + 1
        for _ in 0..<token.length {
            elements.append(try read(self, untagged(position)))
            position = memory.index(after: position)
        }
        return elements
    }

    private func byteBuffer(_ index: Int) throws -> ByteBuffer {
        let token = memory[index]
        if token.kind == .bytes { return tape.buffer(of: token) }
        if let bytes = try bytesIfAny(index) { return ByteBuffer(bytes: bytes) }
        return ByteBuffer(bytes: try elements(index, UInt8.self) { try $0.integer($1) })
    }
}
