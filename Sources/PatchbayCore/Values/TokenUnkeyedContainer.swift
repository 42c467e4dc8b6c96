/// Writes an array's elements as they come.
struct TokenUnkeyedContainer: UnkeyedEncodingContainer {
    let place: TokenEncoder

    init(_ place: TokenEncoder) { self.place = place }

    var state: TokenEncoderState { place.state }
    var index: Int { Int(place.index) }
    var codingPath: [any CodingKey] { place.codingPath }

    var count: Int {
        state.frameCount > index && state.frames[index].slot == place.slot ? state.frames[index].count : 0
    }

    /// Writes an element.
    @inline(__always)
    func put(_ body: (TokenEncoderState) throws -> Void) throws {
        try state.resume(index, place.slot)
        do {
            try state.beginElement(index)
            try body(state)
        } catch { throw state.located(error, index &+ 1) }
    }

    mutating func encode<T: Encodable>(_ value: T) throws {
        try state.resume(index, place.slot)
        do {
            try state.beginElement(index)
            if try state.writeDirectly(value) { return }
        } catch { throw state.located(error, index &+ 1) }
        try value.encode(to: TokenEncoder(state: state, index: place.index &+ 1, slot: state.makeSlot(), valueType: T.self))
        try state.finishSlot(at: index &+ 1)
    }

    /// Bytes where the value that is encoded is a collection of bytes, as Foundation's `Data` is, and these are all of it.
    mutating func encode<Bytes: Sequence>(contentsOf bytes: Bytes) throws where Bytes.Element == UInt8 {
        try state.resume(index, place.slot)
        guard state.frames[index].shape == .undecided, place.valueType is any Collection<UInt8>.Type else {
            for byte in bytes { try encode(byte) }
            return
        }
        state.frames[index].shape = .bytes
        do {
            let written: Void? = try bytes.withContiguousStorageIfAvailable { try state.bytes(UnsafeRawBufferPointer($0)) }
            if written == nil { try Array(bytes).withUnsafeBytes { try state.bytes($0) } }
        } catch { throw state.located(error, index) }
    }

    mutating func nestedContainer<NestedKey: CodingKey>(keyedBy type: NestedKey.Type) -> KeyedEncodingContainer<NestedKey> {
        nestedEncoder().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { nestedEncoder().unkeyedContainer() }

    mutating func superEncoder() -> any Encoder { nestedEncoder() }

    /// An encoder for a nested value; where it cannot be, one whose every use fails with the reason.
    private func nestedEncoder() -> TokenEncoder {
        do {
            try state.resume(index, place.slot)
            try state.beginElement(index)
            return TokenEncoder(state: state, index: place.index &+ 1, slot: state.makeSlot(), valueType: Never.self)
        } catch {
            state.failure = state.failure ?? error
            return TokenEncoder(state: state, index: place.index &+ 1, slot: 0, valueType: Never.self)
        }
    }

    mutating func encodeNil() throws { try put { try $0.null() } }
    mutating func encode(_ value: Bool) throws { try put() { try $0.bool(value) } }
    mutating func encode(_ value: String) throws { try put() { try $0.string(value) } }
    mutating func encode(_ value: Double) throws { try put() { try $0.double(value) } }
    mutating func encode(_ value: Float) throws { try put() { try $0.float(value) } }
    mutating func encode(_ value: Int) throws { try put() { try $0.int(Int64(value)) } }
    mutating func encode(_ value: Int8) throws { try put() { try $0.int(Int64(value)) } }
    mutating func encode(_ value: Int16) throws { try put() { try $0.int(Int64(value)) } }
    mutating func encode(_ value: Int32) throws { try put() { try $0.int(Int64(value)) } }
    mutating func encode(_ value: Int64) throws { try put() { try $0.int(value) } }
    mutating func encode(_ value: UInt8) throws { try put() { try $0.int(Int64(value)) } }
    mutating func encode(_ value: UInt16) throws { try put() { try $0.int(Int64(value)) } }
    mutating func encode(_ value: UInt32) throws { try put() { try $0.int(Int64(value)) } }
    mutating func encode(_ value: UInt) throws { try put() { try $0.integer(value) } }
    mutating func encode(_ value: UInt64) throws { try put() { try $0.integer(value) } }
    @available(macOS 15.0, iOS 18.0, tvOS 18.0, watchOS 11.0, visionOS 2.0, *)
    mutating func encode(_ value: Int128) throws { try put() { try $0.integer(value) } }
    @available(macOS 15.0, iOS 18.0, tvOS 18.0, watchOS 11.0, visionOS 2.0, *)
    mutating func encode(_ value: UInt128) throws { try put() { try $0.integer(value) } }
}
