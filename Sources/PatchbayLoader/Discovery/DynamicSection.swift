/// What the loader obeys: the entries of PT_DYNAMIC.
struct DynamicSection {
    private(set) var needed: [String] = []
    private(set) var soname: String?
    private(set) var searchFolders: [String] = []
    private(set) var hiddenLibraries: [String] = []
    private(set) var isProgram = false

    // elf.h.
    private enum Tag {
        static let needed: UInt64 = 1
        static let strings: UInt64 = 5
        static let soname: UInt64 = 14
        static let rpath: UInt64 = 15
        static let runpath: UInt64 = 29
        static let flags: UInt64 = 0x6fff_fffb
        static let dependencyAudit: UInt64 = 0x6fff_fefb
        static let audit: UInt64 = 0x6fff_fefc
        static let auxiliary: UInt64 = 0x7fff_fffd
        static let filter: UInt64 = 0x7fff_ffff
    }

    /// DF_1_NOOPEN and DF_1_PIE: dlopen refuses both.
    private static let notToBeOpened: UInt64 = 0x40 | 0x0800_0000

    init(_ file: some BoundedBytes, segments: [ObjectSegment]) throws(ObjectFault) {
        guard let dynamic = segments.first(where: { $0.type == ObjectSegment.dynamic }) else {
            throw ObjectFault("it has no dynamic section, so that no loader could open it; link it with -shared")
        }
        let count = dynamic.size / 16
        guard count <= UInt64(ObjectFile.mostDynamicEntries) else { throw ObjectFault("its dynamic section has \(count) entries") }
        let table = ObjectFields(bytes: try file.read(at: Int(clamping: dynamic.offset), count: Int(count) * 16))
        var entries: [(tag: UInt64, value: UInt64)] = []
        for index in 0..<Int(count) {
            let tag = table.long(index * 16)
            if tag == 0 { break }
            entries.append((tag, table.long(index * 16 + 8)))
        }
        var strings = DynamicStrings(file: file, start: 0)
        if let address = entries.last(where: { $0.tag == Tag.strings })?.value {
            strings.start = try Self.offset(of: address, segments)
        }
        var paths: [UInt64: String] = [:]
        for entry in entries {
            switch entry.tag {
            case Tag.needed: needed.append(try strings.text(entry.value))
            case Tag.soname: soname = try strings.text(entry.value)
            case Tag.rpath, Tag.runpath: paths[entry.tag] = try strings.text(entry.value)
            case Tag.audit, Tag.dependencyAudit, Tag.auxiliary, Tag.filter: hiddenLibraries.append(try strings.text(entry.value))
            case Tag.flags: isProgram = entry.value & Self.notToBeOpened != 0
            default: break
            }
            // Each can be 4 KiB long, and thousands can name the same bytes.
            guard strings.bytesRead <= ObjectFile.largestNameTable else {
                throw ObjectFault("the names in its dynamic section have more than 1 MiB")
            }
        }
        // ld.so(8): DT_RPATH is ignored where there is a DT_RUNPATH.
        if let path = paths[Tag.runpath] ?? paths[Tag.rpath] {
            searchFolders = path.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        }
    }

    /// Where the byte that the loader maps to an address lies in the file.
    private static func offset(of address: UInt64, _ segments: [ObjectSegment]) throws(ObjectFault) -> UInt64 {
        for segment in segments where segment.type == ObjectSegment.load && address >= segment.address {
            let distance = address - segment.address
            guard distance < segment.size else { continue }
            let (offset, overflow) = segment.offset.addingReportingOverflow(distance)
            guard !overflow else { break }
            return offset
        }
        throw ObjectFault("its table of names lies outside of it")
    }
}

/// The names of the dynamic section, read one by one: the table of a large plugin has megabytes.
private struct DynamicStrings<File: BoundedBytes> {
    var file: File
    var start: UInt64
    private(set) var bytesRead = 0

    init(file: File, start: UInt64) {
        self.file = file
        self.start = start
    }

    mutating func text(_ index: UInt64) throws(ObjectFault) -> String {
        let (place, overflow) = start.addingReportingOverflow(index)
        guard !overflow, place < UInt64(file.count) else { throw .truncated }
        var size = 128
        while true {
            let piece = try file.read(at: Int(place), count: min(size, file.count - Int(place)))
            bytesRead += piece.count
            if let end = piece.firstIndex(of: 0) {
                return String(decoding: piece[..<end], as: UTF8.self)
            }
            guard piece.count == size, size < ObjectFile.longestName else { throw ObjectFault("a name in its dynamic section has no end") }
            size = ObjectFile.longestName
        }
    }
}
