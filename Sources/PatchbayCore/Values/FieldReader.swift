/// One map of a message, whose fields a ``FieldCodable`` takes by name.
public struct FieldReader {
    private let state: TapeDecoderState
    private let map: Int
    private let depth: Int

    /// - Throws: `DecodingError` where the value at a token is no map.
    init(_ state: TapeDecoderState, at index: Int, depth: Int) throws {
        self.state = state
        map = state.untagged(index)
        self.depth = depth
        guard state.kind(map) == .map else { throw state.mismatch(map, [String: Any].self, "a map") }
    }

    /// Whether a field is there and not null.
    public func has(_ name: StaticString) -> Bool { find(name).map { !state.isNil($0) } ?? false }

    // What each throws: `keyNotFound`, `typeMismatch`, or `dataCorrupted` for a number that does not fit.

    /// A field that is true or false.
    public func bool(_ name: StaticString) throws -> Bool { try state.bool(value(name)) }
    /// A field that is text.
    public func string(_ name: StaticString) throws -> String { try state.string(value(name)) }
    /// A field that is any number; one between two doubles becomes the nearer.
    public func double(_ name: StaticString) throws -> Double { try state.double(value(name)) }
    /// A field that is a number which a `Float` can hold.
    public func float(_ name: StaticString) throws -> Float { try state.float(value(name)) }
    /// A field that is a whole number and fits.
    @inlinable
    public func integer<Integer: FixedWidthInteger>(_ name: StaticString, as type: Integer.Type = Integer.self) throws -> Integer {
        // Most are small, and this much is specialised where it is called.
        if let small = try small(name), let integer = Integer(exactly: small) { return integer }
        return try any(name, type)
    }

    /// Nil for a field that is no integer, or not among the smaller ones.
    @usableFromInline
    func small(_ name: StaticString) throws -> Int64? {
        let token = state.memory[try value(name)]
        return token.kind == .int ? Int64(bitPattern: token.payload) : nil
    }

    @usableFromInline
    func any<Integer: FixedWidthInteger>(_ name: StaticString, _ type: Integer.Type) throws -> Integer { try state.integer(value(name)) }

    /// A field that is a ``FieldCodable`` itself.
    public func fields<Nested: FieldCodable>(_ name: StaticString, as type: Nested.Type = Nested.self) throws -> Nested {
        var fields = try FieldReader(state, at: found(name), depth: depth + 1)
        return try Nested(from: &fields)
    }

    /// An array of ``FieldCodable``.
    public func array<Element: FieldCodable>(_ name: StaticString, of type: Element.Type = Element.self) throws -> [Element] {
        try state.elements(value(name), Element.self) { state, index in
            var fields = try FieldReader(state, at: index, depth: depth + 2)
            return try Element(from: &fields)
        }
    }

    /// A field of any other type.
    public func value<Field: Decodable>(_ name: StaticString, as type: Field.Type = Field.self) throws -> Field {
        try state.decode(type, at: found(name), depth: UInt32(truncatingIfNeeded: depth + 1))
    }

    private func find(_ name: StaticString) -> Int? {
        state.find(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount), inMapAt: map, depth) { nil }
    }

    private func found(_ name: StaticString) throws -> Int {
        guard let index = find(name) else { throw missing(name) }
        return index
    }

    /// The token behind a field's tags.
    private func value(_ name: StaticString) throws -> Int { try state.untagged(found(name)) }

    private func missing(_ name: StaticString) -> DecodingError {
        .keyNotFound(NameKey("\(name)"), .init(codingPath: state.path(to: map), debugDescription: "the key is missing"))
    }
}
