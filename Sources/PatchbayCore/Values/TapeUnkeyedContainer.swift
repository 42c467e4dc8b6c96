/// Reads a sequence's elements in order; of a map its keys and values by turns.
///
/// Three words, so that it lies in an existential without an allocation; no tape has more than 2^31 tokens.
struct TapeUnkeyedContainer: UnkeyedDecodingContainer {
    let state: TapeDecoderState
    private let start: UInt32
    private let depth: UInt32
    private var next: UInt32
    private var read: UInt32 = 0

    init(state: TapeDecoderState, container: Int, depth: UInt32) {
        self.state = state
        start = UInt32(truncatingIfNeeded: container)
        self.depth = depth
        next = start &+ 1
    }

    private var container: Int { Int(start) }
    private var position: Int { Int(next) }
    var currentIndex: Int { Int(read) }

    private var total: Int {
        let token = state.memory[container]
        return Int(token.length) * (token.kind == .map ? 2 : 1)
    }

    var codingPath: [any CodingKey] { state.path(to: container) }
    var count: Int? { total }
    var isAtEnd: Bool { currentIndex >= total }

    mutating func decodeNil() throws -> Bool {
        try checkEnd(Never.self)
        guard state.isNil(position) else { return false }
        advance()
        return true
    }

    mutating func decode<T: Decodable>(_ type: T.Type) throws -> T {
        try checkEnd(type)
        let value = try state.decode(type, at: position, depth: depth + 1)
        advance()
        return value
    }

    mutating func nestedContainer<NestedKey: CodingKey>(keyedBy type: NestedKey.Type) throws -> KeyedDecodingContainer<NestedKey> {
        try nested { try $0.container(keyedBy: type) }
    }

    mutating func nestedUnkeyedContainer() throws -> any UnkeyedDecodingContainer { try nested { try $0.unkeyedContainer() } }

    mutating func superDecoder() throws -> any Decoder { try nested { $0 } }

    private mutating func nested<Result>(_ body: (TapeDecoder) throws -> Result) throws -> Result {
        try checkEnd(Never.self)
        let result = try body(TapeDecoder(state: state, index: position, depth: depth + 1, valueType: Never.self))
        advance()
        return result
    }

    private mutating func next<T>(_ type: T.Type, _ read: (Int) throws -> T) throws -> T {
        try checkEnd(type)
        let value = try read(state.untagged(position))
        advance()
        return value
    }

    private func checkEnd(_ type: Any.Type) throws {
        guard isAtEnd else { return }
        throw DecodingError.valueNotFound(
            type,
            .init(codingPath: codingPath, debugDescription: "the sequence has only \(total) elements")
        )
    }

    private mutating func advance() {
        read &+= 1
        next = UInt32(truncatingIfNeeded: state.memory.index(after: position))
    }

    mutating func decode(_ type: Bool.Type) throws -> Bool { try next(type, state.bool) }
    mutating func decode(_ type: String.Type) throws -> String { try next(type, state.string) }
    mutating func decode(_ type: Double.Type) throws -> Double { try next(type, state.double) }
    mutating func decode(_ type: Float.Type) throws -> Float { try next(type, state.float) }
    mutating func decode(_ type: Int.Type) throws -> Int { try next(type, state.integer) }
    mutating func decode(_ type: Int8.Type) throws -> Int8 { try next(type, state.integer) }
    mutating func decode(_ type: Int16.Type) throws -> Int16 { try next(type, state.integer) }
    mutating func decode(_ type: Int32.Type) throws -> Int32 { try next(type, state.integer) }
    mutating func decode(_ type: Int64.Type) throws -> Int64 { try next(type, state.integer) }
    mutating func decode(_ type: UInt.Type) throws -> UInt { try next(type, state.integer) }
    mutating func decode(_ type: UInt8.Type) throws -> UInt8 { try next(type, state.integer) }
    mutating func decode(_ type: UInt16.Type) throws -> UInt16 { try next(type, state.integer) }
    mutating func decode(_ type: UInt32.Type) throws -> UInt32 { try next(type, state.integer) }
    mutating func decode(_ type: UInt64.Type) throws -> UInt64 { try next(type, state.integer) }
    @available(macOS 15.0, iOS 18.0, tvOS 18.0, watchOS 11.0, visionOS 2.0, *)
    mutating func decode(_ type: Int128.Type) throws -> Int128 { try next(type, state.integer) }
    @available(macOS 15.0, iOS 18.0, tvOS 18.0, watchOS 11.0, visionOS 2.0, *)
    mutating func decode(_ type: UInt128.Type) throws -> UInt128 { try next(type, state.integer) }
}
