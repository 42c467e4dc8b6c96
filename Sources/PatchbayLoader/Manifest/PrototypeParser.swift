/// Reads a prototype: one declaration of one function, of the types that a manifest can pass.
struct PrototypeParser {
    /// What names of the header mean; they come before the built-in ones' absence, never instead of those.
    private let types: [String: CType]
    private var tokens: PrototypeTokens

    private static let integerWords: Set<String> = ["char", "short", "int", "long", "signed", "unsigned"]
    private static let qualifiers: Set<String> = ["const", "restrict", "__restrict", "__restrict__"]

    /// - Parameter types: names of the header, by what they mean here.
    static func prototype(_ text: String, types: [String: CType]) throws(PrototypeFault) -> Prototype {
        var parser = PrototypeParser(types: types, tokens: try PrototypeTokens(text))
        return try parser.prototype()
    }

    /// A type alone, for the map of types: an integer, or `opaque`.
    static func type(_ text: String) throws(PrototypeFault) -> CType? {
        if text == "opaque" { return nil }
        var parser = PrototypeParser(types: [:], tokens: try PrototypeTokens(text))
        let type = try parser.type()
        guard parser.tokens.isAtEnd, case .integer = type else {
            throw PrototypeFault("a type is an integer of C, such as int or uint32_t, or the word opaque")
        }
        return type
    }

    private init(types: [String: CType], tokens: PrototypeTokens) {
        self.types = types
        self.tokens = tokens
    }

    private mutating func prototype() throws(PrototypeFault) -> Prototype {
        _ = tokens.take(wordOf: ["extern"])
        let result = try self.type()
        try refuseStructure(result)
        guard let name = tokens.takeWord() else {
            if tokens.first == .mark(UInt8(ascii: "(")) { throw Self.callback }
            throw PrototypeFault("the function's name is due behind its type")
        }
        guard tokens.take("(") else {
            throw PrototypeFault("a parenthesis is due behind '\(name)': paste the declaration without the macros before it")
        }
        let parameters = try self.parameters()
        _ = tokens.take(";")
        guard tokens.isAtEnd else { throw PrototypeFault("there is more behind the declaration; paste it without the macros behind it") }
        return Prototype(name: name, result: result, parameters: parameters)
    }

    private mutating func parameters() throws(PrototypeFault) -> [CType] {
        var parameters: [CType] = []
        if tokens.take(")") { return parameters }
        while true {
            guard tokens.first != .ellipsis else { throw PrototypeFault("a variable number of arguments cannot be passed by a manifest") }
            let type = try self.parameter()
            if type == .void {
                guard parameters.isEmpty, tokens.take(")") else { throw PrototypeFault("void stands alone between the parentheses") }
                return []
            }
            parameters.append(type)
            guard parameters.count <= Prototype.mostParameters else {
                throw PrototypeFault("a function has at most \(Prototype.mostParameters) parameters here")
            }
            if tokens.take(")") { return parameters }
            guard tokens.take(",") else { throw PrototypeFault("a comma or a closing parenthesis is due behind a parameter") }
        }
    }

    private mutating func parameter() throws(PrototypeFault) -> CType {
        var type = try self.type()
        if tokens.first == .mark(UInt8(ascii: "(")) { throw Self.callback }
        let name = tokens.takeWord()
        if tokens.first == .mark(UInt8(ascii: "(")) {
            throw PrototypeFault("'\(name ?? "")' is a macro, or a function: write plain C")
        }
        if tokens.take("[") {
            if tokens.first == .number { _ = tokens.take() }
            guard tokens.take("]"), tokens.first != .mark(UInt8(ascii: "[")) else {
                throw PrototypeFault("an array is written with [], or as a pointer")
            }
            if case .integer = type {
                type = .pointer(to: type, isConstant: lastWasConstant)
            } else {
                throw PrototypeFault("an array of anything but integers cannot be passed by a manifest")
            }
        }
        try refuseStructure(type)
        return type
    }

    private func refuseStructure(_ type: CType) throws(PrototypeFault) {
        guard case .opaque(let name) = type else { return }
        throw PrototypeFault(
            "the type '\(name)' by value: a structure cannot be passed by a manifest; a typedef or an enum of the header is named in "
                + "'types', as in {\"\(name)\": \"int\"}; a macro is left out"
        )
    }

    /// Whether the type read last was declared const before its first pointer.
    private var lastWasConstant = false

    private mutating func type() throws(PrototypeFault) -> CType {
        var isConstant = tokens.take(wordOf: Self.qualifiers)
        var type: CType?
        var words: [String] = []
        while case .word(let word)? = tokens.first {
            if Self.qualifiers.contains(word) {
                isConstant = true
            } else if let reason = Prototype.refusedWords[word] {
                throw PrototypeFault(word == "double" && words.contains("long") ? "long double cannot be passed by a manifest" : reason)
            } else if Self.integerWords.contains(word), type == nil {
                words.append(word)
            } else if type == nil, words.isEmpty {
                _ = tokens.take()
                type = try named(word)
                continue
            } else {
                break
            }
            _ = tokens.take()
        }
        lastWasConstant = isConstant
        if !words.isEmpty {
            guard type == nil, let integer = CInteger(words: words) else {
                throw PrototypeFault("'\(words.joined(separator: " "))' is no type of C")
            }
            type = .integer(integer)
        }
        guard var type else { throw PrototypeFault("a type is due") }
        var depth = 0
        while tokens.take("*") {
            type = .pointer(to: type, isConstant: isConstant)
            depth += 1
            guard depth <= 2 else { throw PrototypeFault("a pointer to a pointer to a pointer has no role") }
            isConstant = false
            while case .word(let word)? = tokens.first, Self.qualifiers.contains(word) {
                isConstant = isConstant || word == "const"
                _ = tokens.take()
            }
        }
        return type
    }

    private mutating func named(_ word: String) throws(PrototypeFault) -> CType {
        switch word {
        case "void": return .void
        case "enum":
            guard tokens.takeWord() != nil else { throw PrototypeFault("the enum's name is due") }
            // GCC and clang give an enum the width of int, unless a header says otherwise.
            return .integer(.int)
        case "struct":
            guard let name = tokens.takeWord() else { throw PrototypeFault("the structure's name is due") }
            return .opaque("struct " + name)
        default: return CInteger.named[word].map { .integer($0) } ?? types[word] ?? .opaque(word)
        }
    }

    private static let callback = PrototypeFault(
        "a callback (a pointer to a function) cannot be passed by a manifest; write a small C plugin"
    )
}
