/// Reads a map's values by key: the pair behind the last one read is tried first, so that keys in order cost one comparison.
///
/// Of a key that comes twice, either value may be read; codecs have an option that refuses such messages.
struct TapeKeyedContainer<Key: CodingKey>: KeyedDecodingContainerProtocol {
    let state: TapeDecoderState
    let map: Int
    let depth: UInt32

    var codingPath: [any CodingKey] { state.path(to: map) }

    var allKeys: [Key] {
        var keys: [Key] = []
        var position = map + 1
        let end = state.memory.index(after: map)
        while position < end {
            let token = state.memory[position]
            let value = state.memory.index(after: position)
            switch token.kind {
            case .string: if let key = Key(stringValue: state.memory.text(of: token)) { keys.append(key) }
            case .int: if let key = Key(intValue: Int(Int64(bitPattern: token.payload))) { keys.append(key) }
            default: break
            }
            position = state.memory.index(after: value)
        }
        return keys
    }

    func contains(_ key: Key) -> Bool { state.find(key, inMapAt: map, depth) != nil }

    func decodeNil(forKey key: Key) throws -> Bool { try state.isNil(found(key)) }

    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T {
        try state.decode(type, at: found(key), depth: depth + 1)
    }

    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        guard let index = state.find(key, inMapAt: map, depth), !state.isNil(index) else { return nil }
        return try state.decode(type, at: index, depth: depth + 1)
    }

    func nestedContainer<NestedKey: CodingKey>(
        keyedBy type: NestedKey.Type,
        forKey key: Key
    ) throws -> KeyedDecodingContainer<NestedKey> {
        try decoder(at: found(key)).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try decoder(at: found(key)).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { try decoder(at: found(NameKey("super"))) }

    func superDecoder(forKey key: Key) throws -> any Decoder { try decoder(at: found(key)) }

    private func decoder(at index: Int) -> TapeDecoder {
        TapeDecoder(state: state, index: index, depth: depth + 1, valueType: Never.self)
    }

    private func found(_ key: some CodingKey) throws -> Int {
        guard let index = state.find(key, inMapAt: map, depth) else {
            throw DecodingError.keyNotFound(key, .init(codingPath: codingPath, debugDescription: "the key is missing"))
        }
        return index
    }

    private func value(for key: Key) throws -> Int { try state.untagged(found(key)) }

    private func present(_ key: Key) -> Int? {
        guard let index = state.find(key, inMapAt: map, depth), !state.isNil(index) else { return nil }
        return state.untagged(index)
    }

    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool { try state.bool(value(for: key)) }
    func decode(_ type: String.Type, forKey key: Key) throws -> String { try state.string(value(for: key)) }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double { try state.double(value(for: key)) }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try state.float(value(for: key)) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int { try state.integer(value(for: key)) }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try state.integer(value(for: key)) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try state.integer(value(for: key)) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try state.integer(value(for: key)) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 { try state.integer(value(for: key)) }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try state.integer(value(for: key)) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try state.integer(value(for: key)) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try state.integer(value(for: key)) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try state.integer(value(for: key)) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try state.integer(value(for: key)) }
    @available(macOS 15.0, iOS 18.0, tvOS 18.0, watchOS 11.0, visionOS 2.0, *)
    func decode(_ type: Int128.Type, forKey key: Key) throws -> Int128 { try state.integer(value(for: key)) }
    @available(macOS 15.0, iOS 18.0, tvOS 18.0, watchOS 11.0, visionOS 2.0, *)
    func decode(_ type: UInt128.Type, forKey key: Key) throws -> UInt128 { try state.integer(value(for: key)) }
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? { try present(key).map(state.bool) }
    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? { try present(key).map(state.string) }
    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? { try present(key).map(state.double) }
    func decodeIfPresent(_ type: Float.Type, forKey key: Key) throws -> Float? { try present(key).map(state.float) }
    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? { try present(key).map(state.integer) }
    func decodeIfPresent(_ type: Int8.Type, forKey key: Key) throws -> Int8? { try present(key).map(state.integer) }
    func decodeIfPresent(_ type: Int16.Type, forKey key: Key) throws -> Int16? { try present(key).map(state.integer) }
    func decodeIfPresent(_ type: Int32.Type, forKey key: Key) throws -> Int32? { try present(key).map(state.integer) }
    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? { try present(key).map(state.integer) }
    func decodeIfPresent(_ type: UInt.Type, forKey key: Key) throws -> UInt? { try present(key).map(state.integer) }
    func decodeIfPresent(_ type: UInt8.Type, forKey key: Key) throws -> UInt8? { try present(key).map(state.integer) }
    func decodeIfPresent(_ type: UInt16.Type, forKey key: Key) throws -> UInt16? { try present(key).map(state.integer) }
    func decodeIfPresent(_ type: UInt32.Type, forKey key: Key) throws -> UInt32? { try present(key).map(state.integer) }
    func decodeIfPresent(_ type: UInt64.Type, forKey key: Key) throws -> UInt64? { try present(key).map(state.integer) }
    @available(macOS 15.0, iOS 18.0, tvOS 18.0, watchOS 11.0, visionOS 2.0, *)
    func decodeIfPresent(_ type: Int128.Type, forKey key: Key) throws -> Int128? { try present(key).map(state.integer) }
    @available(macOS 15.0, iOS 18.0, tvOS 18.0, watchOS 11.0, visionOS 2.0, *)
    func decodeIfPresent(_ type: UInt128.Type, forKey key: Key) throws -> UInt128? { try present(key).map(state.integer) }
}
