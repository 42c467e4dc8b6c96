internal import Glibc
internal import NIOCore

/// What all decoders and containers of one message share.
final class TapeDecoderState {
    @exclusivity(unchecked) private(set) var tape: Tape
    /// The tape's, which is not changed while it is here.
    @exclusivity(unchecked) private(set) var memory: TapeMemory
    /// The path to the tape itself, where it stands for a value of another.
    private let outerPath: [any CodingKey]
    /// The map that was read last, the token behind the pair that was, and the token behind the map.
    @exclusivity(unchecked) private var cursor = Cursor()
    /// For each depth but that of `cursor`, the same.
    @exclusivity(unchecked) private var cursors: [Cursor] = []

    private struct Cursor {
        var map = -1
        var next = 0
        var end = 0
        var level = 0
    }

    init(_ tape: Tape, around path: [any CodingKey] = []) {
        self.tape = tape
        memory = TapeMemory.of(tape)
        outerPath = path
    }

    /// Turns to another message, after it left the last one.
    func take(_ next: consuming Tape) {
        tape = next
        memory = TapeMemory.of(tape)
    }

    /// Lets go of the message, and gives back the memory of its tokens.
    func leave() -> [Token] {
        var left: [Token] = []
        swap(&left, &tape.tokens)
        tape.message = Self.nothing
        tape.arena = Self.nothing
        memory = TapeMemory(tokens: UnsafeBufferPointer(start: nil, count: 0), message: Self.noBytes, arena: Self.noBytes)
        cursor = Cursor()
        cursors.removeAll(keepingCapacity: true)
        return left
    }

    private static let nothing = ByteBuffer()
    private static var noBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

    /// Decodes the value at a token.
    func decode<T: Decodable>(_ type: T.Type, at index: Int, depth: UInt32) throws -> T {
        guard index < memory.count else {
            throw DecodingError.valueNotFound(
                type,
                .init(codingPath: path(to: index), debugDescription: "the message ends before its value does")
            )
        }
        if let direct = try directly(type, index) { return direct }
        do {
            return try T(from: TapeDecoder(state: self, index: index, depth: depth, valueType: type))
        } catch is WholeBytes {
            guard let whole = CodecScratch.current.bytesType(of: type),
                let bytes = try bytesIfAny(untagged(index)), let value = Self.make(whole, bytes) as? T
            else { throw mismatch(untagged(index), type, "a sequence") }
            return value
        }
    }

    /// Decodes the whole message as a type that is known to be `fields`.
    func fields<T: Decodable, Fields: FieldCodable>(_ fields: Fields.Type, as type: T.Type) throws -> T {
        guard memory.count > 0 else { return try decode(type, at: 0, depth: 0) }
        var reader = try FieldReader(self, at: 0, depth: 0)
        let value = try Fields(from: &reader)
        return withUnsafePointer(to: value) { UnsafeRawPointer($0).assumingMemoryBound(to: type).pointee }
    }

    private static func make<Bytes: RangeReplaceableCollection<UInt8>>(_ type: Bytes.Type, _ bytes: [UInt8]) -> Any { Bytes(bytes) }

    @inline(__always)
    func kind(_ index: Int) -> Token.Kind { memory[index].kind }

    /// The index of the value behind tags.
    @inline(__always)
    func untagged(_ index: Int) -> Int {
        let kind = memory[index].kind
        return kind == .tag || kind == .namedTag ? behindTags(index) : index
    }

    @inline(never)
    private func behindTags(_ index: Int) -> Int {
        var index = index
        while index + 1 < memory.count {
            let kind = memory[index].kind
            guard kind == .tag || kind == .namedTag else { break }
            index += 1
        }
        return index
    }

    /// Null, or CBOR's `undefined`.
    func isNil(_ index: Int) -> Bool {
        let token = memory[untagged(index)]
        return token.kind == .null || (token.kind == .simple && token.detail == 23)
    }

    // MARK: Keys

    /// The index of a key's value.
    func find<Key: CodingKey>(_ key: Key, inMapAt map: Int, _ depth: UInt32) -> Int? {
        var name = key.stringValue
        return name.withUTF8 { find(UnsafeRawBufferPointer($0), inMapAt: map, Int(depth)) { key.intValue } }
    }

    /// - Parameter number: what the key is where it is a number.
    @inline(__always)
    func find(_ name: UnsafeRawBufferPointer, inMapAt map: Int, _ level: Int, _ number: () -> Int?) -> Int? {
        if cursor.map == map, cursor.next < cursor.end {
            let token = memory[cursor.next]
            if token.kind == .string, Int(token.length) == name.count, Self.areEqual(memory.bytes(of: token), name) {
                let value = cursor.next &+ 1
                cursor.next = memory.index(after: value)
                return value < cursor.end ? value : nil
            }
        }
        return search(name, inMapAt: map, level, number)
    }

    @inline(never)
    private func search(_ name: UnsafeRawBufferPointer, inMapAt map: Int, _ level: Int, _ number: () -> Int?) -> Int? {
        if cursor.map != map { turn(to: map, level) }
        let first = map &+ 1
        let end = cursor.end
        guard first < end else { return nil }
        var position = cursor.next >= end ? first : cursor.next
        let start = position
        repeat {
            let value = memory.index(after: position)
            let token = memory[position]
            let next = memory.index(after: value)
            let isFound =
                switch token.kind {
                case .string: Int(token.length) == name.count && Self.areEqual(memory.bytes(of: token), name)
                case .int: number().map { Int64(bitPattern: token.payload) == Int64($0) } ?? false
                default: false
                }
            if isFound {
                guard value < end else { return nil }
                cursor.next = next
                return value
            }
            position = next < end ? next : first
        } while position != start
        return nil
    }

    /// Notes where the last map was left, and goes on where this one was.
    private func turn(to map: Int, _ level: Int) {
        while cursors.count <= max(level, cursor.level) { cursors.append(Cursor()) }
        cursors[cursor.level] = cursor
        cursor = cursors[level]
        if cursor.map != map { cursor = Cursor(map: map, next: map &+ 1, end: memory.index(after: map), level: level) }
    }

    /// Of two runs of one length.
    @inline(__always)
    private static func areEqual(_ first: UnsafeRawBufferPointer, _ second: UnsafeRawBufferPointer) -> Bool {
        guard let one = first.baseAddress, let other = second.baseAddress else { return true }
        return memcmp(one, other, first.count) == 0
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
