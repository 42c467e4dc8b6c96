extension ObjectFile {
    /// Symbols looked at, at most.
    private static let mostSymbols = 1 << 18
    /// Bytes of names read, at most.
    private static let largestSymbolNames = 32 << 20

    /// The functions and objects that others can find by name, sorted; at most `most`.
    package static func exports(_ file: some BoundedBytes, most: Int = 4096) throws(ObjectFault) -> [String] {
        let sections = try ObjectHeader(file).sections(file)
        guard let symbols = sections.first(where: { $0.type == ObjectSection.dynamicSymbols }), symbols.link < sections.count else {
            return []
        }
        let names = sections[symbols.link]
        guard symbols.size <= mostSymbols * 24, names.size <= largestSymbolNames else {
            throw ObjectFault("its symbol table is larger than any plugin's")
        }
        let table = ObjectFields(bytes: try file.read(at: symbols.offset, count: symbols.size))
        let text = try file.read(at: names.offset, count: names.size)
        var found: Set<String> = []
        for start in stride(from: 0, to: symbols.size - symbols.size % 24, by: 24) {
            let info = table.bytes[start + 4]
            // Global or weak, defined here, and not hidden.
            guard (1...2).contains(info >> 4), table.short(start + 6) != 0, table.bytes[start + 5] & 3 == 0 else { continue }
            let nameStart = Int(table.word(start))
            guard nameStart < text.count else { throw ObjectFault("a symbol's name lies outside of its table") }
            let name = text[nameStart...].prefix(longestName).prefix { $0 != 0 }
            if !name.isEmpty { found.insert(String(decoding: name, as: UTF8.self)) }
            guard found.count < most else { break }
        }
        return found.sorted()
    }
}
