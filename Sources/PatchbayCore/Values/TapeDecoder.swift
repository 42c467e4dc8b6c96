internal import NIOCore

/// A `Decoder` over a tape: no tree between, and paths are found from the tape once an error needs one.
///
/// Small enough to lie in an existential without an allocation.
struct TapeDecoder: Decoder, SingleValueDecodingContainer {
    let state: TapeDecoderState
    /// The index of the value's token.
    let index: UInt32
    /// How many containers lie around the value.
    let depth: UInt32
    /// The type that is decoded; `Never` where it is not known.
    let valueType: Any.Type

    init(state: TapeDecoderState, index: Int, depth: UInt32, valueType: Any.Type) {
        self.state = state
        self.index = UInt32(truncatingIfNeeded: index)
        self.depth = depth
        self.valueType = valueType
    }

    var codingPath: [any CodingKey] { state.path(to: Int(index)) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// The index of the value behind its tags, which `Codable` has no word for.
    private var value: Int { state.untagged(Int(index)) }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard state.kind(value) == .map else { throw state.mismatch(value, [String: Any].self, "a map") }
        return KeyedDecodingContainer(TapeKeyedContainer<Key>(state: state, map: value, depth: depth))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        switch state.kind(value) {
        case .array, .tuple, .set:
            return TapeUnkeyedContainer(state: state, container: value, depth: depth)
        case .map where valueType is any AnyDictionary.Type:
            return TapeUnkeyedContainer(state: state, container: value, depth: depth)
        case .bytes, .string:
            guard let bytes = try state.bytesIfAny(value) else { break }
            if CodecScratch.current.bytesType(of: valueType) != nil { throw WholeBytes() }
            return TapeUnkeyedContainer(
                state: TapeDecoderState(Tape(listing: bytes), around: codingPath),
                container: 0,
                depth: 0
            )
        default: break
        }
        throw state.mismatch(value, [Any].self, "a sequence")
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    func decodeNil() -> Bool { state.isNil(Int(index)) }

    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        if let direct = try state.directly(type, Int(index)) { return direct }
        return try T(from: TapeDecoder(state: state, index: Int(index), depth: depth, valueType: type))
    }

    func decode(_ type: Bool.Type) throws -> Bool { try state.bool(value) }
    func decode(_ type: String.Type) throws -> String { try state.string(value) }
    func decode(_ type: Double.Type) throws -> Double { try state.double(value) }
    func decode(_ type: Float.Type) throws -> Float { try state.float(value) }
    func decode(_ type: Int.Type) throws -> Int { try state.integer(value) }
    func decode(_ type: Int8.Type) throws -> Int8 { try state.integer(value) }
    func decode(_ type: Int16.Type) throws -> Int16 { try state.integer(value) }
    func decode(_ type: Int32.Type) throws -> Int32 { try state.integer(value) }
    func decode(_ type: Int64.Type) throws -> Int64 { try state.integer(value) }
    func decode(_ type: UInt.Type) throws -> UInt { try state.integer(value) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try state.integer(value) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try state.integer(value) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try state.integer(value) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try state.integer(value) }
    @available(macOS 15.0, iOS 18.0, tvOS 18.0, watchOS 11.0, visionOS 2.0, *)
    func decode(_ type: Int128.Type) throws -> Int128 { try state.integer(value) }
    @available(macOS 15.0, iOS 18.0, tvOS 18.0, watchOS 11.0, visionOS 2.0, *)
    func decode(_ type: UInt128.Type) throws -> UInt128 { try state.integer(value) }
}

/// Thrown to the place that knows the type, which then takes all the bytes at once.
struct WholeBytes: Error {}

/// A dictionary of any types; those whose keys are no text read maps as keys and values by turns.
protocol AnyDictionary {}

extension Dictionary: AnyDictionary {}

extension Tape {
    /// Decodes the value on this tape.
    /// - Throws: ``PatchbayError`` with `decodingFailed`, with the path to the value that did not fit.
    package consuming func decode<T: Decodable>(_ type: T.Type) throws -> T {
        let scratch = CodecScratch.current
        var state: TapeDecoderState
        if let kept = scratch.takeDecoder() {
            state = kept
            state.take(self)
        } else {
            state = TapeDecoderState(self)
        }
        do {
            let value =
                if let fields = scratch.fieldType(of: type) {
                    try state.fields(fields, as: type)
                } else {
                    try state.decode(type, at: 0, depth: 0)
                }
            // A type may have kept its decoder; then it keeps the message, too.
            if isKnownUniquelyReferenced(&state) {
                scratch.give(state.leave())
                scratch.give(state)
            }
            return value
        } catch {
            throw PatchbayError(decoding: error, as: type)
        }
    }

    /// Gives the memory of the tokens to the next message of this thread.
    mutating func giveTokens() {
        var given: [Token] = []
        swap(&given, &tokens)
        CodecScratch.current.give(given)
    }

    /// An array of one integer a byte, for types that read bytes one by one.
    init(listing bytes: [UInt8]) {
        self.init(message: ByteBuffer())
        tokens.reserveCapacity(bytes.count + 1)
        tokens.append(Token(.array, length: UInt32(truncatingIfNeeded: bytes.count), payload: UInt64(bytes.count + 1)))
        for byte in bytes { tokens.append(Token(.int, payload: UInt64(byte))) }
    }
}
