internal import NIOCore

extension Value {
    /// The value on a tape; its bytes share the tape's storage.
    /// - Throws: ``PatchbayError`` with `decodingFailed` for an empty tape, or `limitExceeded` for one nested deeper than
    ///   ``DecodingLimits/greatestDepth``.
    public init(_ tape: Tape) throws {
        self = try Self.read(tape, TapeMemory.of(tape), at: 0)
    }

    /// The value that starts at a token of a tape.
    static func read(_ tape: Tape, _ memory: TapeMemory, at index: Int) throws -> Value {
        var reader = ValueReader(memory: memory, index: index)
        return try withUnsafeTemporaryAllocation(of: Value.self, capacity: 1) { room in
            guard let place = room.baseAddress else { throw ValueReader.endsEarly() }
            try reader.read(tape, into: place, depth: 0)
            return place.move()
        }
    }
}

/// Walks over a tape and makes values where they will lie: moving each into place would cost as much as making it.
///
/// The tape itself, which lends its storage to slices, is passed along: holding it would count references.
private struct ValueReader: ~Copyable {
    let memory: TapeMemory
    var index: Int

    init(memory: TapeMemory, index: Int) {
        self.memory = memory
        self.index = index
    }

    /// Initializes a place with the next value; leaves it uninitialized where it throws.
    mutating func read(_ tape: Tape, into place: UnsafeMutablePointer<Value>, depth: Int) throws {
        guard index < memory.count else { throw Self.endsEarly() }
        let token = memory[index]
        index &+= 1
        switch token.kind {
        case .null: place.initialize(to: .null)
        case .bool: place.initialize(to: .bool(token.detail != 0))
        case .int: place.initialize(to: .int(Int64(bitPattern: token.payload)))
        case .float: place.initialize(to: .float(Float(bitPattern: UInt32(truncatingIfNeeded: token.payload))))
        case .double: place.initialize(to: .double(Double(bitPattern: token.payload)))
        case .string: place.initialize(to: .string(memory.text(of: token)))
        case .map: place.initialize(to: .map(ValueMap(try pairs(tape, token, depth))))
        case .array: place.initialize(to: .array(try elements(tape, token, depth)))
        case .tuple: place.initialize(to: .tuple(try elements(tape, token, depth)))
        case .set: place.initialize(to: .set(try elements(tape, token, depth)))
        case .bytes: place.initialize(to: .bytes(tape.buffer(of: token)))
        default: try readRarer(tape, token, into: place, depth: depth)
        }
    }

    @inline(never)
    private mutating func readRarer(_ tape: Tape, _ token: Token, into place: UnsafeMutablePointer<Value>, depth: Int) throws {
        switch token.kind {
        case .unsigned, .positiveBigInteger, .negativeBigInteger: place.initialize(to: .bigInteger(tape.bigInteger(of: token)))
        case .number: place.initialize(to: .number(memory.text(of: token)))
        case .tag: place.initialize(to: .tagged(.number(token.payload), try inner(tape, depth)))
        case .namedTag: place.initialize(to: .tagged(.name(memory.text(of: token)), try inner(tape, depth)))
        case .extension: place.initialize(to: .extension(type: Int8(bitPattern: token.detail), tape.buffer(of: token)))
        case .simple: place.initialize(to: .simple(token.detail))
        default:
            let (module, name) = tape.global(of: token)
            place.initialize(to: .global(module: module, name: name))
        }
    }

    /// The value behind a tag.
    private mutating func inner(_ tape: Tape, _ depth: Int) throws -> Value {
        guard depth < DecodingLimits.greatestDepth else { throw Self.tooDeep() }
        return try withUnsafeTemporaryAllocation(of: Value.self, capacity: 1) { room in
            guard let place = room.baseAddress else { throw Self.endsEarly() }
            try read(tape, into: place, depth: depth &+ 1)
            return place.move()
        }
    }

    private mutating func elements(_ tape: Tape, _ token: Token, _ depth: Int) throws -> [Value] {
        guard token.length > 0 else { return [] }
        guard depth < DecodingLimits.greatestDepth else { throw Self.tooDeep() }
        return try [Value](unsafeUninitializedCapacity: min(Int(token.length), memory.count &- index)) { room, count in
            guard Int(token.length) <= room.count, let base = room.baseAddress else { throw Self.endsEarly() }
            while count < Int(token.length) {
                try read(tape, into: base + count, depth: depth &+ 1)
                count &+= 1
            }
        }
    }

    private mutating func pairs(_ tape: Tape, _ token: Token, _ depth: Int) throws -> [ValueMap.Pair] {
        guard token.length > 0 else { return [] }
        guard depth < DecodingLimits.greatestDepth else { throw Self.tooDeep() }
        return try [ValueMap.Pair](unsafeUninitializedCapacity: min(Int(token.length), memory.count &- index)) { room, count in
            guard Int(token.length) <= room.count, let base = room.baseAddress else { throw Self.endsEarly() }
            while count < Int(token.length) {
                let pair = UnsafeMutableRawPointer(base + count)
                let key = (pair + Self.keyOffset).assumingMemoryBound(to: Value.self)
                try read(tape, into: key, depth: depth &+ 1)
                do {
                    try read(tape, into: (pair + Self.valueOffset).assumingMemoryBound(to: Value.self), depth: depth &+ 1)
                } catch {
                    key.deinitialize(count: 1)
                    throw error
                }
                count &+= 1
            }
        }
    }

    // A pair is a struct of two stored properties of one type, which lie in order; a test asks the compiler for their offsets.
    private static var keyOffset: Int { 0 }
    private static var valueOffset: Int { MemoryLayout<Value>.stride }

    static func endsEarly() -> PatchbayError {
        PatchbayError(.decodingFailed, "the message ends before its value does", stage: .decode)
    }

    private static func tooDeep() -> PatchbayError {
        PatchbayError(.limitExceeded, "the message is nested more than \(DecodingLimits.greatestDepth) deep", stage: .decode)
    }
}
