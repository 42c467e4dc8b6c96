internal import CPatchbay
internal import NIOCore
internal import PatchbayCore

/// Checks a plugin's tape in full, in one pass, while it copies the tokens to where the plugin cannot reach them.
///
/// After it, each token can be read without another look: its kind exists, its bytes lie within their buffer, its text is UTF-8, its
/// container ends where it says.
struct TapeCheck {
    /// A container or a tag whose values have not all come.
    private struct Frame {
        /// The index of its token; -1 for the message itself.
        var token: Int
        /// Values still to come.
        var remaining: Int
    }

    private let message: UnsafeRawBufferPointer
    private let arena: UnsafeRawBufferPointer
    private let depth: Int
    private var current = Frame(token: -1, remaining: 1)
    private var outer: [Frame] = []

    private init(message: UnsafeRawBufferPointer, arena: UnsafeRawBufferPointer, depth: Int) {
        self.message = message
        self.arena = arena
        self.depth = depth
    }

    /// - Returns: the tokens, every one of them checked.
    static func tokens(
        _ source: UnsafeBufferPointer<patchbay_token>,
        message: ByteBuffer,
        arena: ByteBuffer,
        depth: Int
    ) throws(TapeFault) -> [Token] {
        var fault: TapeFault?
        let tokens = message.withUnsafeReadableBytes { message in
            arena.withUnsafeReadableBytes { arena in
                [Token](unsafeUninitializedCapacity: source.count) { tokens, count in
                    var check = TapeCheck(message: message, arena: arena, depth: depth)
                    do throws(TapeFault) {
                        try check.run(source, into: UnsafeMutableRawPointer(tokens.baseAddress))
                        count = source.count
                    } catch { fault = error }
                }
            }
        }
        if let fault { throw fault }
        return tokens
    }

    /// - Parameter target: takes the tokens; `patchbay_token` and `Token` have one layout, which a test holds them to.
    private mutating func run(_ source: UnsafeBufferPointer<patchbay_token>, into target: UnsafeMutableRawPointer?) throws(TapeFault) {
        guard source.count > 0, let target else { throw .incomplete }
        for index in 0..<source.count {
            guard current.remaining > 0 else { throw .more(token: index) }
            // Read once: the plugin's threads may still write there.
            let token = source[index]
            guard token.reserved == 0 else { throw .field(token: index, "reserved") }
            guard let kind = Token.Kind(rawValue: token.kind) else { throw .kind(token: index, token.kind) }
            switch kind {
            case .string:
                guard isValidUTF8(try bytes(token, index)) else { throw .utf8(token: index) }
                try require(token.detail == 0, index, "detail")
            case .int, .double:
                try requireBare(token, index)
            case .array, .tuple, .set, .map:
                try open(token, index, of: source.count, valuesEach: kind == .map ? 2 : 1)
            default:
                try checkRare(token, kind, index)
            }
            target.storeBytes(of: token, toByteOffset: index &* MemoryLayout<patchbay_token>.size, as: patchbay_token.self)
            if kind.opens, token.length > 0 || kind == .tag || kind == .namedTag { continue }
            current.remaining &-= 1
            while current.remaining == 0, let parent = outer.popLast() {
                try close(source, target, at: index &+ 1)
                current = parent
                current.remaining &-= 1
            }
        }
        guard current.remaining == 0, outer.isEmpty else { throw .incomplete }
    }

    @inline(never)
    private mutating func checkRare(_ token: patchbay_token, _ kind: Token.Kind, _ index: Int) throws(TapeFault) {
        switch kind {
        case .null: try require(token.detail == 0 && token.payload == 0, index, "payload")
        case .bool: try require(token.detail <= 1 && token.payload == 0, index, "detail")
        case .unsigned: try require(token.detail == 0 && token.payload >= 1 << 63, index, "payload")
        case .float: try require(token.detail == 0 && token.payload <= UInt64(UInt32.max), index, "payload")
        // 20 to 22 are false, true and null; 24 to 31 do not exist (RFC 8949, section 3.3).
        case .simple:
            try require(token.payload == 0 && !(20...22).contains(token.detail) && !(24...31).contains(token.detail), index, "detail")
        case .bytes, .extension: _ = try bytes(token, index)
        case .number:
            guard NumberGrammar.holds(try bytes(token, index)) else { throw .number(token: index) }
        case .positiveBigInteger, .negativeBigInteger:
            guard Self.isShortest(try bytes(token, index), isNegative: kind == .negativeBigInteger) else { throw .bigInteger(token: index) }
        case .global:
            let text = try bytes(token, index)
            guard text.count(where: { $0 == 0 }) == 1 else { throw .global(token: index) }
            guard isValidUTF8(text) else { throw .utf8(token: index) }
        case .tag:
            try require(token.detail == 0, index, "detail")
            try push(index, values: 1)
        case .namedTag:
            guard isValidUTF8(try bytes(token, index)) else { throw .utf8(token: index) }
            try push(index, values: 1)
        default: break
        }
        switch kind {
        case .null, .bool, .unsigned, .float, .simple, .tag:
            try require(token.length == 0, index, "length")
            try require(token.in_message == 0, index, "in_message")
        case .bytes, .number, .positiveBigInteger, .negativeBigInteger, .global, .namedTag:
            try require(token.detail == 0, index, "detail")
        default: break
        }
    }

    @inline(__always)
    private func require(_ holds: Bool, _ index: Int, _ field: StaticString) throws(TapeFault) {
        guard holds else { throw .field(token: index, field) }
    }

    @inline(__always)
    private func requireBare(_ token: patchbay_token, _ index: Int) throws(TapeFault) {
        guard token.detail == 0, token.length == 0, token.in_message == 0 else {
            throw .field(token: index, token.detail != 0 ? "detail" : token.length != 0 ? "length" : "in_message")
        }
    }

    @inline(__always)
    private func bytes(_ token: patchbay_token, _ index: Int) throws(TapeFault) -> UnsafeRawBufferPointer {
        guard token.in_message <= 1 else { throw .field(token: index, "in_message") }
        let all = token.in_message == 1 ? message : arena
        let length = Int(token.length)
        guard token.payload <= UInt64(all.count), length <= all.count &- Int(truncatingIfNeeded: token.payload) else {
            throw .bounds(token: index)
        }
        let start = Int(truncatingIfNeeded: token.payload)
        return UnsafeRawBufferPointer(rebasing: all[start..<(start &+ length)])
    }

    @inline(__always)
    private mutating func open(_ token: patchbay_token, _ index: Int, of count: Int, valuesEach: Int) throws(TapeFault) {
        guard token.detail == 0, token.in_message == 0 else { throw .field(token: index, token.detail != 0 ? "detail" : "in_message") }
        guard outer.count < depth else { throw .depth(depth) }
        let values = Int(token.length) &* valuesEach
        // Each value has a token at least.
        guard token.payload <= UInt64(count), values < Int(truncatingIfNeeded: token.payload) &- index else {
            throw .end(token: index, said: token.payload, is: count)
        }
        guard values > 0 else {
            guard token.payload == UInt64(index &+ 1) else { throw .end(token: index, said: token.payload, is: index + 1) }
            return
        }
        outer.append(current)
        current = Frame(token: index, remaining: values)
    }

    private mutating func push(_ index: Int, values: Int) throws(TapeFault) {
        guard outer.count < depth else { throw .depth(depth) }
        outer.append(current)
        current = Frame(token: index, remaining: values)
    }

    /// All values of the innermost container came; reads the copy, which was checked.
    @inline(__always)
    private func close(_ source: UnsafeBufferPointer<patchbay_token>, _ target: UnsafeMutableRawPointer, at end: Int) throws(TapeFault) {
        let token = target.load(fromByteOffset: current.token &* MemoryLayout<patchbay_token>.size, as: patchbay_token.self)
        guard token.kind == Token.Kind.tag.rawValue || token.kind == Token.Kind.namedTag.rawValue || token.payload == UInt64(end) else {
            throw .end(token: current.token, said: token.payload, is: end)
        }
    }

    /// Beyond 64 bits, without leading zeros.
    static func isShortest(_ magnitude: UnsafeRawBufferPointer, isNegative: Bool) -> Bool {
        guard let first = magnitude.first, first != 0, magnitude.count >= 8 else { return false }
        guard magnitude.count == 8 else { return true }
        // Below -2^63, and above -2^64.
        return isNegative && (first > 0x80 || first == 0x80 && magnitude.dropFirst().contains { $0 != 0 })
    }
}

extension Token.Kind {
    /// Values may follow that belong to it.
    @inline(__always)
    fileprivate var opens: Bool { rawValue >= Token.Kind.array.rawValue && rawValue <= Token.Kind.namedTag.rawValue }
}
