public import NIOCore

/// Making values.
extension Value {
    public init(_ value: Bool) { self = .bool(value) }
    public init(_ value: String) { self = .string(value) }
    public init(_ value: some StringProtocol) { self = .string(String(value)) }
    public init(_ value: Float) { self = .float(value) }
    public init(_ value: Double) { self = .double(value) }
    public init(_ value: ByteBuffer) { self = .bytes(value) }
    public init(bytes: some Sequence<UInt8>) { self = .bytes(ByteBuffer(bytes: bytes)) }
    public init(_ elements: some Sequence<Value>) { self = .array(Array(elements)) }

    /// Any integer: `int` where it fits.
    public init(_ value: some BinaryInteger) {
        self = Int64(exactly: value).map(Value.int) ?? .bigInteger(BigInteger(value))
    }

    /// A map by text, in the order of the keys, since a dictionary has none.
    public init(_ pairs: [String: Value]) {
        self = .map(ValueMap(pairs.sorted { $0.key < $1.key }.map { .init(.string($0.key), $0.value) }))
    }
}

/// Taking values: nil where the value is of another kind. Tags are looked through.
extension Value {
    /// The value without its tags.
    public var untagged: Value {
        var value = self
        while case .tagged(_, let inner) = value { value = inner }
        return value
    }

    public var isNull: Bool { untagged == .null }

    public var bool: Bool? { if case .bool(let value) = untagged { value } else { nil } }

    public var string: String? { if case .string(let value) = untagged { value } else { nil } }

    public var bytes: ByteBuffer? { if case .bytes(let value) = untagged { value } else { nil } }

    public var int: Int? { integer() }

    public var double: Double? {
        switch untagged {
        case .double(let value): value
        case .float(let value): Double(value)
        case .int(let value): Double(value)
        case .bigInteger(let value): Double(value)
        default: nil
        }
    }

    /// The integer, if it fits.
    public func integer<Integer: FixedWidthInteger>(as type: Integer.Type = Integer.self) -> Integer? {
        switch untagged {
        case .int(let value): Integer(exactly: value)
        case .bigInteger(let value): Integer(exactly: value)
        default: nil
        }
    }

    /// The elements of an array, a tuple or a set.
    public var elements: [Value]? {
        switch untagged {
        case .array(let elements), .tuple(let elements), .set(let elements): elements
        default: nil
        }
    }

    public var map: ValueMap? { if case .map(let map) = untagged { map } else { nil } }

    /// A map's value; setting nil removes the pair. On anything but a map: nil, and setting makes it a map if it is null.
    public subscript(key: Value) -> Value? {
        get { map?[key] }
        set {
            guard var map = isNull ? ValueMap() : map else { return }
            map[key] = newValue
            self = .map(map)
        }
    }

    public subscript(key: String) -> Value? {
        get { self[.string(key)] }
        set { self[.string(key)] = newValue }
    }

    /// A sequence's element; nil beyond its ends. Of a map, the value whose key is this number.
    public subscript(index: Int) -> Value? {
        if let elements { return elements.indices.contains(index) ? elements[index] : Value?.none }
        return map?[.int(Int64(index))]
    }
}

extension ValueMap {
    /// The value of the first pair with a key; setting replaces it, or appends, and removes later ones with the same key.
    public subscript(key: Value) -> Value? {
        get { pairs.first { $0.key == key }?.value }
        set {
            let first = pairs.firstIndex { $0.key == key }
            if let newValue {
                if let first { pairs[first].value = newValue } else { return pairs.append(Pair(key, newValue)) }
            }
            var index = -1
            pairs.removeAll {
                index += 1
                return $0.key == key && (newValue == nil || index != first)
            }
        }
    }
}
