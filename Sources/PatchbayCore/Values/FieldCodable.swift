/// A type that says and takes its fields itself, around the cost of `Codable`'s containers.
///
/// For small messages in great numbers. It stays `Codable`, and the message is the same as long as the names are those of
/// its coding keys: a peer need not know. Codecs use it where such a value is the whole message, or a field or an element
/// of another `FieldCodable`; elsewhere `Codable` goes on as ever.
///
/// ```swift
/// extension Reading: FieldCodable {
///     func write(to tokens: inout some TokenWriter) throws {
///         try tokens.beginMap(count: 3)
///         try tokens.field("id", id)
///         try tokens.field("name", name)
///         try tokens.field("load", load)
///         try tokens.endMap(count: 3)
///     }
///
///     init(from fields: inout FieldReader) throws {
///         id = try fields.integer("id")
///         name = try fields.string("name")
///         load = try fields.double("load")
///     }
/// }
/// ```
public protocol FieldCodable: Codable {
    /// Writes the value as one map, between `beginMap(count:)` and `endMap(count:)`, whose counts are those of the fields.
    /// - Throws: ``PatchbayError`` with `encodingFailed` from the writer.
    func write(to tokens: inout some TokenWriter) throws

    /// Takes the fields of a map, quickest in the order in which they were written; others in the message are left alone.
    /// - Throws: `DecodingError`, which becomes ``PatchbayError`` with `decodingFailed` and the path.
    init(from fields: inout FieldReader) throws
}

// Inlined, so that a type's own function is a row of calls to the writer.
extension TokenWriter {
    /// A map's key.
    @inlinable @inline(__always)
    public mutating func key(_ name: StaticString) throws {
        try string(UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount))
    }

    /// A field, under a name that is its coding key's.
    @inlinable @inline(__always)
    public mutating func field(_ name: StaticString, _ value: Bool) throws {
        try key(name)
        try bool(value)
    }

    @inlinable @inline(__always)
    public mutating func field(_ name: StaticString, _ value: some FixedWidthInteger) throws {
        try key(name)
        try integer(value)
    }

    @inlinable @inline(__always)
    public mutating func field(_ name: StaticString, _ value: Double) throws {
        try key(name)
        try double(value)
    }

    @inlinable @inline(__always)
    public mutating func field(_ name: StaticString, _ value: Float) throws {
        try key(name)
        try float(value)
    }

    @inlinable @inline(__always)
    public mutating func field(_ name: StaticString, _ value: String) throws {
        try key(name)
        try string(value)
    }

    @inlinable @inline(__always)
    public mutating func field(_ name: StaticString, _ value: some FieldCodable) throws {
        try key(name)
        try value.write(to: &self)
    }

    @inlinable @inline(__always)
    public mutating func field(_ name: StaticString, _ elements: [some FieldCodable]) throws {
        try key(name)
        try beginSequence(.array, count: elements.count)
        for element in elements { try element.write(to: &self) }
        try endSequence(.array, count: elements.count)
    }

    @inlinable @inline(__always)
    public mutating func field(_ name: StaticString, _ value: Value) throws {
        try key(name)
        try value.write(to: &self)
    }
}
