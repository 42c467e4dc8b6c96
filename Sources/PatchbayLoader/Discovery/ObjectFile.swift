/// What an ELF shared object says of itself, read from its bytes; none of its code runs.
///
/// The System V ABI's object files chapter, and elf(5). What the loader obeys (needed libraries, search folders, flags) is read as the loader
/// reads it, through the program headers; sections serve for the metadata and for names alone.
package struct ObjectFile: Sendable, Hashable {
    /// The text of the section `.patchbay`; nil where there is none.
    package var metadata: [UInt8]?
    /// DT_NEEDED, in order.
    package var needed: [String] = []
    package var soname: String?
    /// DT_RUNPATH or, without one, DT_RPATH, at its colons.
    package var searchFolders: [String] = []
    /// A library that would be loaded besides, by a tag that plugins have no use for.
    package var hiddenLibraries: [String] = []
    /// A program, or marked as not to be opened.
    package var isProgram = false
    package var swiftRuntime = SwiftRuntime.none

    package enum SwiftRuntime: String, Sendable, Hashable {
        case none, linked, shared
    }

    // Bounds, far above what linkers make.
    static let mostProgramHeaders = 256
    static let mostSections = 4096
    static let largestNameTable = 1 << 20
    static let largestMetadata = 1 << 20
    static let mostDynamicEntries = 8192
    static let longestName = 4096

    /// - Throws: ``ObjectFault``.
    package init(_ file: some BoundedBytes) throws(ObjectFault) {
        let header = try ObjectHeader(file)
        let dynamic = try DynamicSection(file, segments: header.segments(file))
        needed = dynamic.needed
        soname = dynamic.soname
        searchFolders = dynamic.searchFolders
        hiddenLibraries = dynamic.hiddenLibraries
        isProgram = dynamic.isProgram
        let sections = try header.sections(file)
        metadata = try Self.metadata(in: sections, file)
        if needed.contains(where: { $0.hasPrefix("libswiftCore.so") }) {
            swiftRuntime = .shared
        } else if sections.contains(where: { $0.name.hasPrefix("swift5_") }) {
            swiftRuntime = .linked
        }
    }

    private static func metadata(in sections: [ObjectSection], _ file: some BoundedBytes) throws(ObjectFault) -> [UInt8]? {
        let found = sections.filter { $0.name == ".patchbay" }
        guard let section = found.first else { return nil }
        guard found.count == 1 else { throw ObjectFault("it has \(found.count) sections .patchbay; a plugin has one PATCHBAY_METADATA") }
        guard section.type != ObjectSection.withoutBytes else { throw ObjectFault("its section .patchbay is empty") }
        guard section.size <= largestMetadata else { throw ObjectFault("its section .patchbay has more than 1 MiB") }
        let bytes = try file.read(at: section.offset, count: section.size)
        // The macro makes a C string; linkers join what several source files define.
        let end = bytes.firstIndex(of: 0) ?? bytes.endIndex
        guard bytes[end...].allSatisfy({ $0 == 0 }) else {
            throw ObjectFault("its section .patchbay holds more than one text; a plugin has one PATCHBAY_METADATA")
        }
        return Array(bytes[..<end])
    }
}

/// Little-endian numbers of a piece that is known to be long enough, or zero beyond it.
struct ObjectFields {
    var bytes: [UInt8]

    func number(at offset: Int, bytes count: Int) -> UInt64 {
        var result: UInt64 = 0
        for index in 0..<count where offset + index < bytes.count { result |= UInt64(bytes[offset + index]) << (8 * index) }
        return result
    }

    func short(_ offset: Int) -> Int { Int(number(at: offset, bytes: 2)) }
    func word(_ offset: Int) -> UInt32 { UInt32(truncatingIfNeeded: number(at: offset, bytes: 4)) }
    func long(_ offset: Int) -> UInt64 { number(at: offset, bytes: 8) }
}
