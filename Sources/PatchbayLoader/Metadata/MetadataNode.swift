internal import NIOCore
internal import PatchbayCore
internal import PatchbayJSON

/// One value in a JSON text that is read strictly: it knows its path and its line, for errors.
struct MetadataNode {
    /// What the text is, for errors, such as `the metadata`.
    private let document: String
    private let tape: Tape
    private let index: Int
    /// Such as `layers[0].options[1].type`; empty for the whole.
    let path: String
    /// Where the value, or the key before it, stands in the text; nil where that is not known.
    private let offset: Int?

    init(_ json: ByteBuffer, document: String) throws(PatchbayError) {
        self.document = document
        path = ""
        offset = nil
        index = 0
        do {
            tape = try JSONCodec(limits: DecodingLimits(depth: 16, tokens: 65_536, refusesDuplicateKeys: true)).read(json)
        } catch {
            throw PatchbayError(
                .pluginRefused,
                "\(document) is not JSON: \((error as? PatchbayError)?.message ?? "\(error)")",
                stage: .plugin
            )
        }
    }

    private init(_ parent: MetadataNode, _ index: Int, _ path: String, offset: Int?) {
        document = parent.document
        tape = parent.tape
        self.index = index
        self.path = path
        self.offset = offset
    }

    private var token: Token { tape.tokens[index] }

    func error(_ message: String) -> PatchbayError {
        var place = path.isEmpty ? document : "\(document): \(path)"
        if let offset {
            let before = tape.message.readableBytesView.prefix(offset)
            let line = 1 + before.count { $0 == UInt8(ascii: "\n") }
            if tape.message.readableBytesView.contains(UInt8(ascii: "\n")) { place += " (line \(line))" }
        }
        return PatchbayError(.pluginRefused, "\(place) \(message)", stage: .plugin)
    }

    func text() throws(PatchbayError) -> String {
        guard token.kind == .string else { throw error("must be a text") }
        return tape.text(of: token)
    }

    func flag() throws(PatchbayError) -> Bool {
        guard token.kind == .bool else { throw error("must be true or false") }
        return token.detail != 0
    }

    func integer() throws(PatchbayError) -> Int {
        guard token.kind == .int, let integer = Int(exactly: Int64(bitPattern: token.payload)) else {
            throw error("must be a whole number")
        }
        return integer
    }

    func list() throws(PatchbayError) -> [MetadataNode] {
        guard token.kind == .array else { throw error("must be an array") }
        var elements: [MetadataNode] = []
        var element = index + 1
        for number in 0..<Int(token.length) {
            elements.append(MetadataNode(self, element, "\(path)[\(number)]", offset: offset(of: element) ?? offset))
            element = tape.index(after: element)
        }
        return elements
    }

    func texts() throws(PatchbayError) -> [String] {
        var texts: [String] = []
        for element in try list() { texts.append(try element.text()) }
        return texts
    }

    /// - Parameters:
    ///   - known: the fields that may be there.
    ///   - ignoresOthers: a later minor version may have more.
    func object(_ known: [String], ignoresOthers: Bool) throws(PatchbayError) -> MetadataObject {
        guard token.kind == .map else { throw error("must be an object") }
        var fields: [String: MetadataNode] = [:]
        var key = index + 1
        for _ in 0..<token.length {
            let name = tape.text(of: tape.tokens[key])
            let node = MetadataNode(self, key + 1, path.isEmpty ? name : "\(path).\(name)", offset: offset(of: key))
            if known.contains(name) {
                fields[name] = node
            } else if !ignoresOthers {
                throw node.error("is no field that belongs here; the fields are: \(known.joined(separator: ", "))")
            }
            key = tape.index(after: key + 1)
        }
        return MetadataObject(node: self, fields: fields)
    }

    /// Texts alone say where they stand; an object stands where its first key does.
    private func offset(of index: Int) -> Int? {
        let token = tape.tokens[index]
        if token.kind == .map, token.length > 0 { return offset(of: index + 1) }
        return token.kind == .string && token.inMessage ? Int(clamping: token.payload) : nil
    }
}

/// The fields of an object.
struct MetadataObject {
    let node: MetadataNode
    fileprivate(set) var fields: [String: MetadataNode]

    subscript(_ name: String) -> MetadataNode? { fields[name] }

    func required(_ name: String) throws(PatchbayError) -> MetadataNode {
        guard let field = fields[name] else { throw node.error("lacks the field '\(name)'") }
        return field
    }

    /// One line that says something.
    func line(_ name: String) throws(PatchbayError) -> String {
        let field = try required(name)
        let text = try field.text()
        guard !text.isEmpty, !text.utf8.contains(where: { $0 < 0x20 }) else { throw field.error("must be one line of text") }
        return text
    }

    /// `[a-z][a-z0-9-]*`.
    func name(_ name: String) throws(PatchbayError) -> String {
        let field = try required(name)
        let text = try field.text()
        guard RegistrationCheck.isName(text) else { throw field.error("must be a name, [a-z][a-z0-9-]*, and is \"\(text)\"") }
        return text
    }

    func text(_ name: String) throws(PatchbayError) -> String? { try fields[name].map { node throws(PatchbayError) in try node.text() } }
    func flag(_ name: String) throws(PatchbayError) -> Bool? { try fields[name].map { node throws(PatchbayError) in try node.flag() } }
    func texts(_ name: String) throws(PatchbayError) -> [String]? {
        try fields[name].map { node throws(PatchbayError) in try node.texts() }
    }

    func integer(_ name: String) throws(PatchbayError) -> Int? {
        try fields[name].map { node throws(PatchbayError) in try node.integer() }
    }

    /// One of a few words.
    func word(_ name: String, of words: [String]) throws(PatchbayError) -> String {
        let field = try required(name)
        let word = try field.text()
        guard words.contains(word) else { throw field.error("must be one of: \(words.joined(separator: ", ")); it is \"\(word)\"") }
        return word
    }
}
