internal import PatchbayCore

/// Reads which libraries a manifest binds.
enum LibraryReader {
    static func library(_ node: ManifestNode) throws(PatchbayError) -> [String] {
        let names = try node.elements()
        guard (1...8).contains(names.count) else { throw node.fault("between one and eight libraries are named here") }
        var library: [String] = []
        for name in names {
            let text = try name.text()
            if let reason = misfit(text) { throw name.fault(reason) }
            library.append(text)
        }
        return library
    }

    private static func misfit(_ name: String) -> String? {
        let parts = name.split(separator: "/", omittingEmptySubsequences: false)
        let isPath = name.utf8.first == UInt8(ascii: "/")
        guard isPath || parts.count == 1, !parts.dropFirst(isPath ? 1 : 0).contains(where: { $0.isEmpty || $0 == "." || $0 == ".." }) else {
            return "'\(name)' is neither a file name such as liblz4.so.1 nor an absolute path without '.' and '..'"
        }
        guard name.utf8.count <= 512, name.contains(".so"), name.utf8.allSatisfy(isPlain) else {
            return "'\(name)' is no shared library's name, such as liblz4.so.1"
        }
        guard !RefusedSymbols.holds(library: name) else {
            return "'\(name)' belongs to every process and is never bound; write a small C plugin for what you need of it"
        }
        return nil
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "._+-/".utf8.contains(byte)
        }
    }
}

/// Reads what names of a header mean.
enum TypeMapReader {
    static func types(_ node: ManifestNode?) throws(PatchbayError) -> [String: CType] {
        var types: [String: CType] = [:]
        guard let node else { return types }
        for (name, meaning) in try node.namedMembers() {
            let text = try meaning.text()
            guard CInteger.named[name] == nil, Prototype.refusedWords[name] == nil, CInteger(words: [name]) == nil else {
                throw meaning.fault("'\(name)' has its meaning already")
            }
            do throws(PrototypeFault) { types[name] = try PrototypeParser.type(text) ?? .opaque(name) } catch {
                throw meaning.fault(error.message)
            }
        }
        return types
    }
}
