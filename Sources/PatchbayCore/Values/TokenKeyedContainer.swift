/// Writes a map's pairs as they come.
struct TokenKeyedContainer<Key: CodingKey>: KeyedEncodingContainerProtocol {
    let place: TokenEncoder

    init(_ place: TokenEncoder) { self.place = place }

    var state: TokenEncoderState { place.state }
    var index: Int { Int(place.index) }
    var codingPath: [any CodingKey] { place.codingPath }

    /// Writes a key and what `body` writes.
    @inline(__always)
    func put(_ key: Key, _ body: (TokenEncoderState) throws -> Void) throws {
        try state.resume(index, place.slot)
        do {
            try state.writeKey(key, index, valueType: place.valueType)
            try body(state)
        } catch { throw state.located(error, index, key) }
    }

    /// Writes a key and makes the slot of its value.
    func makeSlot(_ key: some CodingKey, _ type: Any.Type) throws -> TokenEncoder {
        try state.resume(index, place.slot)
        do { try state.writeKey(key, index, valueType: place.valueType) } catch { throw state.located(error, index, key) }
        state.frames[index].key = key
        return TokenEncoder(state: state, index: place.index &+ 1, slot: state.makeSlot(), valueType: type)
    }

    mutating func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        try state.resume(index, place.slot)
        do {
            try state.writeKey(key, index, valueType: place.valueType)
            if try state.writeDirectly(value) { return }
        } catch { throw state.located(error, index, key) }
        state.frames[index].key = key
        try value.encode(to: TokenEncoder(state: state, index: place.index &+ 1, slot: state.makeSlot(), valueType: T.self))
        try state.finishSlot(at: index &+ 1)
    }

    mutating func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type,
        forKey key: Key
    ) -> KeyedEncodingContainer<NestedKey> {
        nestedEncoder(key).container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer { nestedEncoder(key).unkeyedContainer() }

    mutating func superEncoder() -> any Encoder { nestedEncoder(NameKey("super")) }

    mutating func superEncoder(forKey key: Key) -> any Encoder { nestedEncoder(key) }

    /// An encoder for a nested value; where it cannot be, one whose every use fails with the reason.
    private func nestedEncoder(_ key: some CodingKey) -> TokenEncoder {
        do { return try makeSlot(key, Never.self) } catch {
            state.failure = state.failure ?? error
            return TokenEncoder(state: state, index: place.index &+ 1, slot: 0, valueType: Never.self)
        }
    }

    mutating func encodeNil(forKey key: Key) throws { try put(key) { try $0.null() } }
    mutating func encode(_ value: Bool, forKey key: Key) throws { try put(key) { try $0.bool(value) } }
    mutating func encode(_ value: String, forKey key: Key) throws { try put(key) { try $0.string(value) } }
    mutating func encode(_ value: Double, forKey key: Key) throws { try put(key) { try $0.double(value) } }
    mutating func encode(_ value: Float, forKey key: Key) throws { try put(key) { try $0.float(value) } }
    mutating func encode(_ value: Int, forKey key: Key) throws { try put(key) { try $0.int(Int64(value)) } }
    mutating func encode(_ value: Int8, forKey key: Key) throws { try put(key) { try $0.int(Int64(value)) } }
    mutating func encode(_ value: Int16, forKey key: Key) throws { try put(key) { try $0.int(Int64(value)) } }
    mutating func encode(_ value: Int32, forKey key: Key) throws { try put(key) { try $0.int(Int64(value)) } }
    mutating func encode(_ value: Int64, forKey key: Key) throws { try put(key) { try $0.int(value) } }
    mutating func encode(_ value: UInt8, forKey key: Key) throws { try put(key) { try $0.int(Int64(value)) } }
    mutating func encode(_ value: UInt16, forKey key: Key) throws { try put(key) { try $0.int(Int64(value)) } }
    mutating func encode(_ value: UInt32, forKey key: Key) throws { try put(key) { try $0.int(Int64(value)) } }
    mutating func encode(_ value: UInt, forKey key: Key) throws { try put(key) { try $0.integer(value) } }
    mutating func encode(_ value: UInt64, forKey key: Key) throws { try put(key) { try $0.integer(value) } }
    @available(macOS 15.0, iOS 18.0, tvOS 18.0, watchOS 11.0, visionOS 2.0, *)
    mutating func encode(_ value: Int128, forKey key: Key) throws { try put(key) { try $0.integer(value) } }
    @available(macOS 15.0, iOS 18.0, tvOS 18.0, watchOS 11.0, visionOS 2.0, *)
    mutating func encode(_ value: UInt128, forKey key: Key) throws { try put(key) { try $0.integer(value) } }
}
