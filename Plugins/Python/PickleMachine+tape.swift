internal import NIOCore
internal import PatchbayCore

/// Lays out what the machine made as a tape.
extension PickleMachine {
    /// A container that is being written, and the run of its children that is next.
    private struct Open {
        var container: Int
        var header: Int
        var run: Run
    }

    /// - Throws: `decodingFailed` for a cycle or an uncalled constructor, `limitExceeded` for depth and number.
    mutating func tape(_ root: Token, message: ByteBuffer, limits: DecodingLimits) throws(PatchbayError) -> Tape {
        var capacity = 1 + children.count + tagged
        if sharesContainers, Self.isContainer(root.kind) { capacity = try measure(Int(root.payload)) + 1 }
        guard capacity <= limits.tokens || !sharesContainers else { throw expandsTooFar() }
        capacity = min(capacity, limits.tokens)
        let arenaName = tagNames()
        var problem: PatchbayError?
        var tape = Tape(message: message)
        tape.tokens = [Token](unsafeUninitializedCapacity: capacity) { buffer, count in
            do throws(PatchbayError) {
                count = try lay(root, in: buffer, names: arenaName, depth: limits.depth)
            } catch {
                problem = error
            }
        }
        if let problem { throw problem }
        if arena.count > 0 {
            tape.arena = ByteBuffer(bytes: UnsafeRawBufferPointer(start: arena.base, count: arena.count))
        }
        return tape
    }

    @inline(__always)
    private static func isContainer(_ kind: Token.Kind) -> Bool {
        switch kind {
        case .array, .tuple, .set, .map: true
        default: false
        }
    }

    /// Puts the names of Python's own types into the arena, where they are needed.
    private mutating func tagNames() -> (byteArray: Token, frozenSet: Token) {
        guard tagged > 0 else { return (Token(.namedTag), Token(.namedTag)) }
        let height = stack.count
        Array(PickleCodec.byteArrayTag.utf8).withUnsafeBytes { pushArena(.namedTag, $0) }
        Array(PickleCodec.frozenSetTag.utf8).withUnsafeBytes { pushArena(.namedTag, $0) }
        defer { cut(to: height) }
        return (stack[height], stack[height + 1])
    }

    /// Writes every token once per place where it stands; the number of them.
    private mutating func lay(
        _ root: Token,
        in tokens: UnsafeMutableBufferPointer<Token>,
        names: (byteArray: Token, frozenSet: Token),
        depth: Int
    ) throws(PatchbayError) -> Int {
        var count = 0
        var open = PickleBuffer<Open>()
        var deep = 0
        var next = root
        var run = Run(start: 0, end: 0)
        while true {
            // Two tokens at most follow; the array has room for one more than the children.
            guard count &+ 1 < tokens.count || (count < tokens.count && next.kind != .namedTag) else { throw tooMany(tokens.count) }
            switch next.kind {
            case .array, .tuple, .set, .map:
                let index = Int(truncatingIfNeeded: next.payload)
                let container = containers[index]
                deep &+= container.isFrozen ? 2 : 1
                guard deep <= depth else { throw tooDeep(depth) }
                if container.isFrozen {
                    guard count &+ 1 < tokens.count else { throw tooMany(tokens.count) }
                    tokens.initializeElement(at: count, to: names.frozenSet)
                    count &+= 1
                }
                open.append(Open(container: index, header: count, run: run))
                let length = container.kind == .map ? container.count / 2 : container.count
                tokens.initializeElement(at: count, to: Token(container.kind, length: UInt32(truncatingIfNeeded: length)))
                count &+= 1
                run = container.first
            case .namedTag:
                tokens.initializeElement(at: count, to: names.byteArray)
                next.kind = .bytes
                tokens.initializeElement(at: count &+ 1, to: next)
                count &+= 2
            case .global where globals == .refuse:
                throw failure("\(printableName(of: next)) stands as a value, which is refused: only data is read")
            case .global:
                next.detail = 0
                tokens.initializeElement(at: count, to: next)
                count &+= 1
            default:
                tokens.initializeElement(at: count, to: next)
                count &+= 1
            }
            while run.start == run.end {
                if run.next > 0 {
                    run = runs[run.next &- 1]
                    continue
                }
                guard open.count > 0 else { return count }
                let closed = open[open.count &- 1]
                open.removeLast()
                tokens[closed.header].payload = UInt64(truncatingIfNeeded: count)
                deep &-= containers[closed.container].isFrozen ? 2 : 1
                run = closed.run
            }
            next = children[run.start]
            run.start &+= 1
        }
    }

    /// The tokens that a container expands to.
    /// - Throws: `decodingFailed` for one that holds itself, `limitExceeded` for one that expands too far.
    private mutating func measure(_ root: Int) throws(PatchbayError) -> Int {
        var open = PickleBuffer<Open>()
        var current = root
        var run = containers[root].first
        try begin(root)
        while true {
            while run.start == run.end {
                if run.next > 0 {
                    run = runs[run.next &- 1]
                    continue
                }
                containers[current].visit = .done
                guard open.count > 0 else { return containers[root].expandedTokens }
                let outer = open[open.count &- 1]
                open.removeLast()
                try add(containers[current].expandedTokens, containers[current].expandedBytes, to: outer.container)
                current = outer.container
                run = outer.run
            }
            let child = children[run.start]
            run.start &+= 1
            guard Self.isContainer(child.kind) else {
                try add(child.kind == .namedTag ? 2 : 1, Int(child.length), to: current)
                continue
            }
            let index = Int(truncatingIfNeeded: child.payload)
            switch containers[index].visit {
            case .done: try add(containers[index].expandedTokens, containers[index].expandedBytes, to: current)
            case .open: throw failure("the message holds a cycle: a \(Self.name(containers[index].kind)) that contains itself")
            case .new:
                open.append(Open(container: current, header: 0, run: run))
                current = index
                run = containers[index].first
                try begin(index)
            }
        }
    }

    private mutating func begin(_ container: Int) throws(PatchbayError) {
        containers[container].visit = .open
        try add(containers[container].isFrozen ? 2 : 1, 0, to: container)
    }

    @inline(__always)
    private mutating func add(_ tokens: Int, _ bytes: Int, to container: Int) throws(PatchbayError) {
        // All are below their limits before, so that neither sum can overflow.
        let allTokens = containers[container].expandedTokens &+ tokens
        let allBytes = containers[container].expandedBytes &+ bytes
        guard allTokens <= tokenLimit, allBytes <= byteLimit &+ self.bytes.count else {
            throw expandsTooFar()
        }
        containers[container].expandedTokens = allTokens
        containers[container].expandedBytes = allBytes
    }

    private borrowing func tooDeep(_ depth: Int) -> PatchbayError {
        PatchbayError(
            .limitExceeded,
            "the message nests more than \(depth) containers; flatten what is sent",
            stage: .decode,
            layer: PythonPlugin.codecName
        )
    }

    private borrowing func tooMany(_ most: Int) -> PatchbayError {
        PatchbayError(
            .limitExceeded,
            "the message holds more than \(most) values; send it in parts",
            stage: .decode,
            layer: PythonPlugin.codecName
        )
    }
}
