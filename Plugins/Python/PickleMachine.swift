internal import NIOCore
internal import PatchbayCore

/// Pickle's virtual machine without the part that runs programs: a stack, a memo and an arena of containers.
///
/// A value on the stack is a ``Token``: a scalar in its final form, or a container whose payload is its index in ``containers``, so that
/// the memo can share it. ``PickleMachine/tape(_:limits:)`` lays the result out.
struct PickleMachine: ~Copyable {
    /// A list, tuple, set or dict. Its children lie in ``children``, in one run or, where it grew in several steps, in a chain of them.
    ///
    /// 32 bytes: a message of tuples has as many of these as values, and their memory is what takes its time.
    struct Container {
        var kind: Token.Kind
        var isFrozen = false
        /// Nothing, or this container's place in a search for cycles.
        var visit = Visit.new
        /// All children; of a dict its keys and values.
        @Narrow var count = 0
        var first = Run(start: 0, end: 0)
        /// The index of the last run in ``runs`` plus one, or 0 where ``first`` is the only one.
        @Narrow var last = 0
        /// Tokens, and bytes of text, as expanded; known once visited.
        @Narrow var expandedTokens = 0
        @Narrow var expandedBytes = 0

        init(_ kind: Token.Kind) { self.kind = kind }
    }

    /// A run of ``children``.
    struct Run {
        @Narrow var start: Int
        @Narrow var end: Int
        /// The index in ``runs`` of the one that follows plus one, or 0.
        @Narrow var next = 0

        init(start: Int, end: Int) {
            self.start = start
            self.end = end
        }
    }

    /// A count or index in four bytes: ``PickleCodec`` takes no message so long that one would not fit.
    @propertyWrapper
    struct Narrow {
        private var stored: UInt32

        @inline(__always) init(wrappedValue: Int) { stored = UInt32(truncatingIfNeeded: wrappedValue) }

        var wrappedValue: Int {
            @inline(__always) get { Int(stored) }
            @inline(__always) set { stored = UInt32(truncatingIfNeeded: newValue) }
        }
    }

    enum Visit: UInt8 {
        case new, open, done
    }

    /// The constructors that older protocols spell plain data with.
    enum Constructor: UInt8 {
        case byteArray = 1, set, frozenSet, bytes, encode

        init?(module: String, name: String) {
            switch (module, name) {
            case ("builtins", "bytearray"), ("__builtin__", "bytearray"): self = .byteArray
            case ("builtins", "set"), ("__builtin__", "set"): self = .set
            case ("builtins", "frozenset"), ("__builtin__", "frozenset"): self = .frozenSet
            case ("builtins", "bytes"), ("__builtin__", "bytes"): self = .bytes
            case ("_codecs", "encode"): self = .encode
            default: return nil
            }
        }
    }

    /// What fills the gaps of the memo: a kind that pickle never makes.
    static let absent = Token(.simple)

    let bytes: UnsafeRawBufferPointer
    let globals: PickleCodec.Globals
    /// Bounds for what shared objects may expand to: 64 times the message, and in any case about what a message of 16 MiB can hold.
    let tokenLimit: Int
    let byteLimit: Int
    var position = 0
    /// Where the opcode at work stands.
    var start = 0
    var stack = PickleBuffer<Token>()
    var marks = PickleBuffer<Int>()
    /// The stack's height at the last mark: nothing below may be popped.
    var floor = 0
    var memo = PickleBuffer<Token>()
    var memoized = 0
    var containers = PickleBuffer<Container>()
    var runs = PickleBuffer<Run>()
    var children = PickleBuffer<Token>()
    var arena = PickleBuffer<UInt8>()
    /// Bytearrays and frozensets, which take one token more than they have children.
    var tagged = 0
    /// Text and children that came from the memo so far.
    var sharedBytes = 0
    var sharedTokens = 0
    /// A container stands in more than one place, so that cycles and expansion must be looked for.
    var sharesContainers = false

    init(_ bytes: UnsafeRawBufferPointer, globals: PickleCodec.Globals, limits: DecodingLimits) {
        self.bytes = bytes
        self.globals = globals
        let generous = bytes.count.multipliedReportingOverflow(by: 64)
        let most = generous.overflow ? Int.max : generous.partialValue
        tokenLimit = min(limits.tokens, max(1 << 20, most))
        byteLimit = min(1 << 30, max(16 << 20, most))
    }

    // MARK: Reading

    /// Steps over so many bytes and says where they start.
    @inline(__always)
    mutating func take(_ count: Int) throws(PatchbayError) -> Int {
        guard count >= 0, count <= bytes.count &- position else { throw endsEarly() }
        let at = position
        position &+= count
        return at
    }

    @inline(__always)
    mutating func takeInteger<Integer: FixedWidthInteger>(_ type: Integer.Type) throws(PatchbayError) -> Integer {
        let at = try take(MemoryLayout<Integer>.size)
        return Integer(littleEndian: bytes.loadUnaligned(fromByteOffset: at, as: Integer.self))
    }

    /// A length of eight bytes.
    mutating func takeLength() throws(PatchbayError) -> Int {
        guard let length = Int(exactly: try takeInteger(UInt64.self)) else { throw endsEarly() }
        return length
    }

    // MARK: Stack

    @inline(__always)
    mutating func push(_ token: Token) { stack.append(token) }

    @inline(__always)
    mutating func pop() throws(PatchbayError) -> Token {
        guard stack.count > floor else { throw underflow() }
        let token = stack[stack.count &- 1]
        stack.removeLast()
        return token
    }

    @inline(__always)
    mutating func mark() {
        marks.append(stack.count)
        floor = stack.count
    }

    /// Takes back the last mark and says where it stood.
    @inline(__always)
    mutating func popMark() throws(PatchbayError) -> Int {
        guard marks.count > 0 else { throw failure("a mark is missing") }
        let at = marks[marks.count &- 1]
        marks.removeLast()
        floor = marks.count > 0 ? marks[marks.count &- 1] : 0
        return at
    }

    /// Removes what stands above `height`.
    @inline(__always)
    mutating func cut(to height: Int) { stack.removeLast(stack.count &- height) }

    // MARK: Memo

    mutating func put(_ index: Int) throws(PatchbayError) {
        guard stack.count > floor else { throw underflow() }
        // A pickle numbers its objects one by one, so that no index exceeds the message's length.
        guard index >= 0, index <= bytes.count else { throw failure("the memo index \(index) is out of range") }
        let token = stack[stack.count &- 1]
        if index == memo.count {
            memo.append(token)
            memoized &+= 1
        } else {
            while memo.count <= index { memo.append(Self.absent) }
            if memo[index].kind == .simple { memoized &+= 1 }
            memo[index] = token
        }
    }

    mutating func get(_ index: Int) throws(PatchbayError) {
        guard index >= 0, index < memo.count, memo[index].kind != .simple else {
            throw failure("the memo holds nothing at \(index)")
        }
        try share(memo[index])
    }

    /// Pushes a value that already stands elsewhere.
    mutating func share(_ token: Token) throws(PatchbayError) {
        switch token.kind {
        case .array, .tuple, .set, .map: sharesContainers = true
        case .namedTag:
            tagged &+= 1
            try spend(bytes: Int(token.length))
        default: try spend(bytes: Int(token.length))
        }
        push(token)
    }

    mutating func spend(bytes: Int = 0, tokens: Int = 0) throws(PatchbayError) {
        sharedBytes += bytes
        sharedTokens += tokens
        guard sharedBytes <= byteLimit, sharedTokens <= tokenLimit else { throw expandsTooFar() }
    }

    // MARK: Containers

    /// Pushes a container with the values that stand above `height`, which it takes.
    @inline(__always)
    mutating func pushContainer(_ kind: Token.Kind, from height: Int, isFrozen: Bool = false) {
        let index = containers.count
        var container = Container(kind)
        container.isFrozen = isFrozen
        containers.append(container)
        if stack.count > height {
            fill(index, from: height)
            cut(to: height)
        }
        push(Token(kind, payload: UInt64(truncatingIfNeeded: index)))
    }

    /// Adds the values above `height` to the container that stands right below it, and removes them.
    @inline(__always)
    mutating func extend(_ kind: Token.Kind, from height: Int) throws(PatchbayError) {
        guard height > floor else { throw underflow() }
        let target = stack[height &- 1]
        guard target.kind == kind else { throw failure("items are added to what is no \(Self.name(kind))") }
        if stack.count > height {
            fill(Int(truncatingIfNeeded: target.payload), from: height)
            cut(to: height)
        }
    }

    /// Adds the values above `height`, at least one, to a container.
    @inline(__always)
    private mutating func fill(_ index: Int, from height: Int) {
        let start = children.count
        children.append(stack, height..<stack.count)
        let end = children.count
        let last = containers[index].last
        if containers[index].count == 0 {
            containers[index].first = Run(start: start, end: end)
        } else if last == 0 {
            if containers[index].first.end == start {
                containers[index].first.end = end
            } else {
                runs.append(Run(start: start, end: end))
                containers[index].first.next = runs.count
                containers[index].last = runs.count
            }
        } else if runs[last &- 1].end == start {
            runs[last &- 1].end = end
        } else {
            runs.append(Run(start: start, end: end))
            runs[last &- 1].next = runs.count
            containers[index].last = runs.count
        }
        containers[index].count &+= end &- start
    }

    static func name(_ kind: Token.Kind) -> String {
        switch kind {
        case .array: "list"
        case .map: "dict"
        default: "\(kind)"
        }
    }
}

/// Errors.
extension PickleMachine {
    @inline(never)
    borrowing func failure(_ message: String) -> PatchbayError {
        PatchbayError(.decodingFailed, "\(message), at byte \(start) of the message", stage: .decode, layer: PythonPlugin.codecName)
    }

    @inline(never)
    borrowing func endsEarly() -> PatchbayError { failure("the pickle ends within an opcode") }

    @inline(never)
    borrowing func underflow() -> PatchbayError { failure("the stack holds too few values") }

    @inline(never)
    borrowing func expandsTooFar() -> PatchbayError {
        PatchbayError(
            .limitExceeded,
            "the message's shared objects expand to more than \(tokenLimit) values or \(byteLimit) bytes; send fewer copies",
            stage: .decode,
            layer: PythonPlugin.codecName
        )
    }
}
