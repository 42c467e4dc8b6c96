/// What all decoders and containers of one message share.
final class TapeDecoderState {
    let tape: Tape
    /// The path to the tape itself, where it stands for a value of another.
    let outerPath: [any CodingKey]
    /// For each depth, the map that was read last and the token behind the pair that was.
    @exclusivity(unchecked) private var cursors: [(map: Int, next: Int)] = []

    init(_ tape: Tape, around path: [any CodingKey] = []) {
        self.tape = tape
        outerPath = path
    }

    /// Decodes the value at a token.
    func decode<T: Decodable>(_ type: T.Type, at index: Int, depth: UInt32) throws -> T {
        guard index < tape.tokens.count else {
            throw DecodingError.valueNotFound(
                type,
                .init(codingPath: path(to: index), debugDescription: "the message ends before its value does")
            )
        }
        if let direct = try directly(type, index) { return direct }
        do {
            return try T(from: TapeDecoder(state: self, index: index, depth: depth, valueType: type))
        } catch is WholeBytes {
            guard let whole = type as? any RangeReplaceableCollection<UInt8>.Type,
                let bytes = try bytesIfAny(untagged(index)), let value = Self.make(whole, bytes) as? T
            else { throw mismatch(untagged(index), type, "a sequence") }
            return value
        }
    }

    private static func make<Bytes: RangeReplaceableCollection<UInt8>>(_ type: Bytes.Type, _ bytes: [UInt8]) -> Any { Bytes(bytes) }

    func kind(_ index: Int) -> Token.Kind { tape.tokens[index].kind }

    /// The index of the value behind tags.
    func untagged(_ index: Int) -> Int {
        var index = index
        while index + 1 < tape.tokens.count {
            let kind = tape.tokens[index].kind
            guard kind == .tag || kind == .namedTag else { break }
            index += 1
        }
        return index
    }

    /// Null, or CBOR's `undefined`.
    func isNil(_ index: Int) -> Bool {
        let token = tape.tokens[untagged(index)]
        return token.kind == .null || (token.kind == .simple && token.detail == 23)
    }

    // MARK: Keys

    /// The index of a key's value.
    func find<Key: CodingKey>(_ key: Key, inMapAt map: Int, _ depth: UInt32) -> Int? {
        let level = Int(depth)
        while cursors.count <= level { cursors.append((map: -1, next: 0)) }
        let first = map + 1
        let end = tape.index(after: map)
        var start = cursors[level].map == map ? cursors[level].next : first
        if start >= end { start = first }
        guard first < end else { return nil }
        var name = key.stringValue
        let found = name.withUTF8 { name -> (value: Int, next: Int)? in
            let name = UnsafeRawBufferPointer(name)
            var position = start
            repeat {
                let value = tape.index(after: position)
                let next = tape.index(after: value)
                if matches(tape.tokens[position], key, name) { return (value, next) }
                position = next < end ? next : first
            } while position != start
            return nil
        }
        guard let found, found.value < end else { return nil }
        cursors[level] = (map, found.next)
        return found.value
    }

    private func matches<Key: CodingKey>(_ token: Token, _ key: Key, _ name: UnsafeRawBufferPointer) -> Bool {
        switch token.kind {
        case .string:
            return Int(token.length) == name.count
                && tape.withBytes(of: token) { bytes in
                    guard bytes.count == name.count, let base = bytes.baseAddress, let other = name.baseAddress else {
                        return bytes.count == name.count
                    }
                    return areEqual(base, other, bytes.count)
                }
        case .int:
            guard let number = key.intValue else { return false }
            return Int64(bitPattern: token.payload) == Int64(number)
        default: return false
        }
    }

    private func areEqual(_ first: UnsafeRawPointer, _ second: UnsafeRawPointer, _ count: Int) -> Bool {
        var offset = 0
        while offset &+ 8 <= count {
            guard
                first.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
                    == second.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            else { return false }
            offset &+= 8
        }
        while offset < count {
            guard first.load(fromByteOffset: offset, as: UInt8.self) == second.load(fromByteOffset: offset, as: UInt8.self) else {
                return false
            }
            offset &+= 1
        }
        return true
    }

    // MARK: Errors

    /// The keys that lead to the value at a token, found from the top.
    func path(to target: Int) -> [any CodingKey] {
        var path = outerPath
        var index = untagged(0)
        while index < target, index < tape.tokens.count {
            let token = tape.tokens[index]
            var position = index + 1
            let end = tape.index(after: index)
            var count = 0
            var child: Int?
            while position < end, child == nil {
                var key: (any CodingKey)?
                if token.kind == .map {
                    let keyToken = tape.tokens[position]
                    key = keyToken.kind == .string ? NameKey(tape.text(of: keyToken)) : NameKey(tape.summary(of: keyToken))
                    position = tape.index(after: position)
                }
                let next = tape.index(after: position)
                if target < next {
                    path.append(key ?? IndexKey(count))
                    child = untagged(position)
                }
                position = next
                count += 1
            }
            guard let child, child > index else { break }
            index = child
        }
        return path
    }

    func mismatch(_ index: Int, _ type: Any.Type, _ wanted: String) -> DecodingError {
        let context = DecodingError.Context(
            codingPath: path(to: index),
            debugDescription: "\(wanted) is due, and the message has \(description(of: kind(index)))"
        )
        return kind(index) == .null ? .valueNotFound(type, context) : .typeMismatch(type, context)
    }

    private func description(of kind: Token.Kind) -> String {
        switch kind {
        case .null: "null"
        case .bool: "a bool"
        case .int, .unsigned, .positiveBigInteger, .negativeBigInteger: "an integer"
        case .float, .double, .number: "a number"
        case .string: "text"
        case .bytes: "bytes"
        case .array: "an array"
        case .tuple: "a tuple"
        case .set: "a set"
        case .map: "a map"
        case .tag, .namedTag: "a tag"
        case .extension: "an extension"
        case .simple: "a simple value"
        case .global: "the name of a global"
        }
    }
}
