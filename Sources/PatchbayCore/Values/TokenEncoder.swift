/// An `Encoder` over any codec's writer: values go straight into the outgoing buffer, with no tree between.
///
/// Small enough to lie in an existential without an allocation. A nested container must be finished before its parent goes
/// on, since what is written is written.
struct TokenEncoder: Encoder {
    let state: TokenEncoderState
    /// How many containers lie around this value.
    let index: UInt32
    let slot: UInt32
    /// The type whose value this encodes; `Never` where it is not known.
    let valueType: Any.Type

    init(state: TokenEncoderState, index: UInt32, slot: UInt32, valueType: Any.Type) {
        self.state = state
        self.index = index
        self.slot = slot
        self.valueType = valueType
    }

    var codingPath: [any CodingKey] { state.path(to: Int(index)) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        state.open(.map, at: Int(index), slot: slot)
        return KeyedEncodingContainer(TokenKeyedContainer<Key>(self))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        state.open(.undecided, at: Int(index), slot: slot)
        return TokenUnkeyedContainer(self)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }
}

extension TokenEncoder: SingleValueEncodingContainer {
    @inline(__always)
    func put(_ body: (TokenEncoderState) throws -> Void) throws {
        guard state.pendingSlot == slot, state.failure == nil else { throw state.failure ?? state.conflict() }
        state.pendingSlot = 0
        do { try body(state) } catch { throw state.located(error, Int(index)) }
    }

    func encode<T: Encodable>(_ value: T) throws {
        guard state.pendingSlot == slot, state.failure == nil else { throw state.failure ?? state.conflict() }
        do {
            if try state.writeDirectly(value) {
                state.pendingSlot = 0
                return
            }
        } catch { throw state.located(error, Int(index)) }
        try value.encode(to: TokenEncoder(state: state, index: index, slot: slot, valueType: T.self))
        try state.finishSlot(at: Int(index))
    }

    func encodeNil() throws { try put { try $0.null() } }
    func encode(_ value: Bool) throws { try put() { try $0.bool(value) } }
    func encode(_ value: String) throws { try put() { try $0.string(value) } }
    func encode(_ value: Double) throws { try put() { try $0.double(value) } }
    func encode(_ value: Float) throws { try put() { try $0.float(value) } }
    func encode(_ value: Int) throws { try put() { try $0.int(Int64(value)) } }
    func encode(_ value: Int8) throws { try put() { try $0.int(Int64(value)) } }
    func encode(_ value: Int16) throws { try put() { try $0.int(Int64(value)) } }
    func encode(_ value: Int32) throws { try put() { try $0.int(Int64(value)) } }
    func encode(_ value: Int64) throws { try put() { try $0.int(value) } }
    func encode(_ value: UInt8) throws { try put() { try $0.int(Int64(value)) } }
    func encode(_ value: UInt16) throws { try put() { try $0.int(Int64(value)) } }
    func encode(_ value: UInt32) throws { try put() { try $0.int(Int64(value)) } }
    func encode(_ value: UInt) throws { try put() { try $0.integer(value) } }
    func encode(_ value: UInt64) throws { try put() { try $0.integer(value) } }
    @available(macOS 15.0, iOS 18.0, tvOS 18.0, watchOS 11.0, visionOS 2.0, *)
    func encode(_ value: Int128) throws { try put() { try $0.integer(value) } }
    @available(macOS 15.0, iOS 18.0, tvOS 18.0, watchOS 11.0, visionOS 2.0, *)
    func encode(_ value: UInt128) throws { try put() { try $0.integer(value) } }
}

extension TokenEncoder: ValueAcceptingEncoder {
    func accept(_ value: Value) throws { try put { try $0.value(value) } }
}

/// An encoder that takes a ``Value`` as it is.
protocol ValueAcceptingEncoder {
    func accept(_ value: Value) throws
}
