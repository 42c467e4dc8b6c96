internal import PatchbayCore

/// Names of the peer's program. None is ever looked up; five constructors of plain data are known by name.
extension PickleMachine {
    /// The longest module or name of a global.
    private static let longestName = 1024

    mutating func pushGlobal(_ opcode: String, module: String, name: String) throws(PatchbayError) {
        guard module.utf8.count <= Self.longestName, name.utf8.count <= Self.longestName,
            !module.utf8.contains(0), !name.utf8.contains(0)
        else { throw failure("\(opcode) has a name that is too long or holds a NUL") }
        let constructor = Constructor(module: module, name: name)
        guard constructor != nil || globals == .inert else {
            throw failure(
                "\(opcode) of \(Self.printable(module)).\(Self.printable(name)) is refused: only data is read; "
                    + "send plain values, or say pickle.globals=inert to get the name as a value"
            )
        }
        try spend(bytes: module.utf8.count + name.utf8.count)
        let text = Array(module.utf8) + [0] + Array(name.utf8)
        text.withUnsafeBytes { pushArena(.global, detail: constructor?.rawValue ?? 0, $0) }
    }

    mutating func pushStackGlobal(module: Token, name: Token) throws(PatchbayError) {
        guard module.kind == .string, name.kind == .string else { throw failure("STACK_GLOBAL needs two strings") }
        guard module.length <= Self.longestName, name.length <= Self.longestName else {
            throw failure("STACK_GLOBAL has a name that is too long")
        }
        try pushGlobal(
            "STACK_GLOBAL",
            module: withBytes(of: module) { String(decoding: $0, as: UTF8.self) },
            name: withBytes(of: name) { String(decoding: $0, as: UTF8.self) }
        )
    }

    /// `callable(*arguments)`, for the constructors of plain data.
    mutating func reduce() throws(PatchbayError) {
        let tuple = try pop()
        let callable = try pop()
        guard tuple.kind == .tuple else { throw failure("REDUCE has no tuple of arguments") }
        guard callable.kind == .global else { throw failure("REDUCE of a value that is no global is refused: only data is read") }
        guard let constructor = Constructor(rawValue: callable.detail) else {
            throw failure("REDUCE of \(printableName(of: callable)) is refused: nothing in a message is ever called; send plain values")
        }
        let arguments = containers[Int(tuple.payload)]
        let first = arguments.count > 0 ? children[arguments.first.start] : nil
        let second = arguments.count > 1 ? children[arguments.first.start + 1] : nil
        switch (constructor, first?.kind, second?.kind, arguments.count) {
        case (.set, nil, _, 0), (.set, .array, _, 1), (.set, .tuple, _, 1):
            try copySet(first, isFrozen: false)
        case (.frozenSet, nil, _, 0), (.frozenSet, .array, _, 1), (.frozenSet, .tuple, _, 1):
            tagged += 1
            try copySet(first, isFrozen: true)
        case (.bytes, nil, _, 0):
            push(Token(.bytes))
        case (.byteArray, nil, _, 0):
            tagged += 1
            push(Token(.namedTag))
        case (.byteArray, .bytes, _, 1):
            guard var token = first else { return }
            tagged += 1
            token.kind = .namedTag
            try spend(bytes: Int(token.length))
            push(token)
        case (.byteArray, .string, .string, 2):
            tagged += 1
            try pushLatin1(.namedTag, first, encoding: second)
        case (.encode, .string, .string, 2):
            try pushLatin1(.bytes, first, encoding: second)
        default:
            throw failure("REDUCE of \(printableName(of: callable)) with these arguments is not how pickle writes data, and is refused")
        }
    }

    /// A set from the list that a constructor was given.
    private mutating func copySet(_ list: Token?, isFrozen: Bool) throws(PatchbayError) {
        let height = stack.count
        if let list {
            let source = containers[Int(list.payload)]
            try spend(tokens: source.count)
            var run = source.first
            while true {
                for index in run.start..<run.end { push(children[index]) }
                guard run.next > 0 else { break }
                run = runs[run.next - 1]
            }
        }
        pushContainer(.set, from: height, isFrozen: isFrozen)
    }

    /// Text that stands for bytes, one code point each, as protocols below 3 write them.
    private mutating func pushLatin1(_ kind: Token.Kind, _ text: Token?, encoding: Token?) throws(PatchbayError) {
        guard let text, let encoding else { return }
        let name = encoding.length <= 16 ? withBytes(of: encoding) { String(decoding: $0, as: UTF8.self) } : ""
        guard ["latin1", "latin-1"].contains(name) else {
            throw failure("bytes are encoded with \(Self.printable(name)) instead of latin1")
        }
        try spend(bytes: Int(text.length))
        let content = withBytes(of: text) { utf8 -> [UInt8]? in
            var content: [UInt8] = []
            content.reserveCapacity(utf8.count)
            var index = 0
            while index < utf8.count {
                let byte = utf8[index]
                if byte < 0x80 {
                    content.append(byte)
                } else if byte == 0xC2 || byte == 0xC3, index + 1 < utf8.count {
                    index += 1
                    content.append(byte << 6 | utf8[index] & 0x3F)
                } else {
                    return nil
                }
                index += 1
            }
            return content
        }
        guard let content else { throw failure("text that stands for bytes holds a character above U+00FF") }
        content.withUnsafeBytes { pushArena(kind, $0) }
    }

    /// The bytes of a text or global.
    private borrowing func withBytes<Result>(of token: Token, _ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        let (at, count) = (Int(token.payload), Int(token.length))
        if token.inMessage { return body(UnsafeRawBufferPointer(rebasing: bytes[at..<(at + count)])) }
        guard let base = arena.base else { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return body(UnsafeRawBufferPointer(start: base + at, count: count))
    }

    borrowing func printableName(of global: Token) -> String {
        withBytes(of: global) { text in
            text.split(separator: 0, maxSplits: 1).map { Self.printable(String(decoding: $0, as: UTF8.self)) }.joined(separator: ".")
        }
    }

    /// A name of the peer's choice that can stand in an error: short, and without control characters.
    private static func printable(_ name: String) -> String {
        let text = name.unicodeScalars.prefix(80).map { scalar in
            scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "\u{FFFD}" : String(scalar)
        }
        return text.joined()
    }
}
