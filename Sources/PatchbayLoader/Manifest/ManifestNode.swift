internal import NIOCore
internal import PatchbayCore
internal import PatchbayJSON

/// A value of a manifest that knows where it stands, so that an error can name the line.
struct ManifestNode {
    /// The file, as it was read.
    private struct Document {
        var path: String
        var text: ByteBuffer
    }

    private let document: Document
    /// From the root, by index: the text is walked again only where there is something to tell.
    private let place: [Int]
    let value: Value

    /// - Throws: `PatchbayError` with `invalidArgument` for what is no JSON.
    static func read(_ text: ByteBuffer, path: String) throws(PatchbayError) -> ManifestNode {
        let document = Document(path: path, text: text)
        do {
            let value = try JSONCodec(limits: DecodingLimits(depth: 24, tokens: 65_536)).decodeValue(from: text)
            return ManifestNode(document: document, place: [], value: value)
        } catch {
            let message = (error as? PatchbayError)?.message ?? "\(error)"
            throw fault(at: line(of: message, in: text), "it is no JSON: \(message)", document)
        }
    }

    /// An error that points at this value's line.
    func fault(_ message: String) -> PatchbayError {
        Self.fault(at: ManifestLines.line(of: place, in: Array(document.text.readableBytesView)), message, document)
    }

    /// This value's line, counted from one.
    var line: Int { ManifestLines.line(of: place, in: Array(document.text.readableBytesView)) }

    // MARK: Objects

    /// The members of an object whose names are known; each name once.
    func members(_ known: Set<String>) throws(PatchbayError) -> [String: ManifestNode] {
        guard case .map(let map) = value else { throw fault("an object is due here") }
        var members: [String: ManifestNode] = [:]
        for (index, pair) in map.pairs.enumerated() {
            let member = ManifestNode(document: document, place: place + [index], value: pair.value)
            guard let name = pair.key.string else { throw member.fault("a key is text") }
            guard known.contains(name) else {
                throw member.fault("no field '\(name)' is known here; there are: \(known.sorted().joined(separator: ", "))")
            }
            guard members.updateValue(member, forKey: name) == nil else { throw member.fault("'\(name)' stands here twice") }
        }
        return members
    }

    /// The members of an object with names of its author's choice.
    func namedMembers() throws(PatchbayError) -> [(name: String, node: ManifestNode)] {
        guard case .map(let map) = value else { throw fault("an object is due here") }
        return try members(Set(map.pairs.compactMap(\.key.string))).sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }

    func require(_ name: String, of members: [String: ManifestNode]) throws(PatchbayError) -> ManifestNode {
        guard let member = members[name] else { throw fault("the field '\(name)' is missing here") }
        return member
    }

    // MARK: Values

    func elements() throws(PatchbayError) -> [ManifestNode] {
        guard case .array(let elements) = value else { throw fault("an array is due here") }
        return elements.enumerated().map { ManifestNode(document: document, place: place + [$0.offset], value: $0.element) }
    }

    func text() throws(PatchbayError) -> String {
        guard case .string(let text) = value else { throw fault("a text is due here") }
        return text
    }

    func texts() throws(PatchbayError) -> [String] {
        var texts: [String] = []
        for element in try elements() { texts.append(try element.text()) }
        return texts
    }

    func integer() throws(PatchbayError) -> Int {
        guard case .int(let integer) = value, let integer = Int(exactly: integer) else {
            throw fault("a whole number of at most 64 bits is due here")
        }
        return integer
    }

    func flag() throws(PatchbayError) -> Bool {
        guard case .bool(let flag) = value else { throw fault("true or false is due here") }
        return flag
    }

    // MARK: Errors

    private static func fault(at line: Int, _ message: String, _ document: Document) -> PatchbayError {
        PatchbayError(.invalidArgument, "\(document.path):\(line): \(message)", stage: .plugin)
    }

    /// The reader of JSON says where as `at byte N`.
    private static func line(of message: String, in text: ByteBuffer) -> Int {
        let words = message.split(separator: " ")
        guard let byte = words.lastIndex(of: "byte"), byte + 1 < words.count, let offset = Int(words[byte + 1]) else { return 1 }
        return ManifestLines.line(at: offset, in: Array(text.readableBytesView))
    }
}
