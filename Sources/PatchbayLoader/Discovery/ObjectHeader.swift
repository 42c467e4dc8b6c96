/// The ELF header, with the tables that it leads to.
struct ObjectHeader {
    private let programHeaders: UInt64
    private let programHeaderCount: Int
    private let sectionHeaders: UInt64
    private let sectionCount: Int
    private let nameSection: Int

    #if arch(x86_64)
        private static let machine = 62
    #elseif arch(arm64)
        private static let machine = 183
    #else
        #error("say which e_machine this machine has")
    #endif

    /// elf(5): e_machine, for messages.
    private static let machineNames = [3: "i386", 8: "MIPS", 20: "PowerPC", 40: "ARM", 62: "x86-64", 183: "AArch64", 243: "RISC-V"]

    init(_ file: some BoundedBytes) throws(ObjectFault) {
        guard file.count >= 64 else { throw ObjectFault("it is no ELF file: it has \(file.count) bytes") }
        let fields = ObjectFields(bytes: try file.read(at: 0, count: 64))
        guard fields.bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]) else { throw ObjectFault("it is no ELF file, whatever its name says") }
        guard fields.bytes[4] == 2, fields.bytes[5] == 1 else {
            throw ObjectFault("it is no little-endian 64-bit ELF file; build it for this machine")
        }
        let machine = fields.short(18)
        guard machine == Self.machine else {
            let name = Self.machineNames[machine] ?? "machine \(machine)"
            throw ObjectFault(
                "it is built for \(name), this machine is \(Self.machineNames[Self.machine] ?? "another"); build it for this machine"
            )
        }
        // ET_DYN.
        guard fields.short(16) == 3 else { throw ObjectFault("it is no shared object; link it with -shared") }
        programHeaders = fields.long(32)
        programHeaderCount = fields.short(56)
        sectionHeaders = fields.long(40)
        sectionCount = fields.short(60)
        nameSection = fields.short(62)
        guard programHeaderCount == 0 || fields.short(54) == 56, sectionCount == 0 || fields.short(58) == 64 else {
            throw ObjectFault("its header tables have entries of a wrong size")
        }
    }

    func segments(_ file: some BoundedBytes) throws(ObjectFault) -> [ObjectSegment] {
        guard programHeaderCount <= ObjectFile.mostProgramHeaders else { throw ObjectFault("it has \(programHeaderCount) program headers") }
        let table = ObjectFields(bytes: try file.read(at: Int(clamping: programHeaders), count: programHeaderCount * 56))
        return (0..<programHeaderCount).map { index in
            let start = index * 56
            return ObjectSegment(
                type: table.word(start),
                offset: table.long(start + 8),
                address: table.long(start + 16),
                size: table.long(start + 32)
            )
        }
    }

    func sections(_ file: some BoundedBytes) throws(ObjectFault) -> [ObjectSection] {
        guard sectionCount > 0, sectionHeaders > 0 else { return [] }
        guard sectionCount <= ObjectFile.mostSections, nameSection < sectionCount else {
            throw ObjectFault("its section headers make no sense")
        }
        let table = ObjectFields(bytes: try file.read(at: Int(clamping: sectionHeaders), count: sectionCount * 64))
        func range(_ index: Int) -> (offset: Int, size: Int) {
            (Int(clamping: table.long(index * 64 + 24)), Int(clamping: table.long(index * 64 + 32)))
        }
        let (offset, size) = range(nameSection)
        guard size <= ObjectFile.largestNameTable else { throw ObjectFault("its table of section names has more than 1 MiB") }
        let names = try file.read(at: offset, count: size)
        return (0..<sectionCount).map { index in
            let (offset, size) = range(index)
            let start = Int(table.word(index * 64))
            let name = start < names.count ? names[start...].prefix(64).prefix { $0 != 0 } : []
            return ObjectSection(
                name: String(decoding: name, as: UTF8.self),
                type: table.word(index * 64 + 4),
                offset: offset,
                size: size,
                link: Int(table.word(index * 64 + 40))
            )
        }
    }
}

/// One program header.
struct ObjectSegment {
    static let load: UInt32 = 1
    static let dynamic: UInt32 = 2

    var type: UInt32
    var offset: UInt64
    var address: UInt64
    /// In the file.
    var size: UInt64
}

/// One section header.
struct ObjectSection {
    /// SHT_NOBITS.
    static let withoutBytes: UInt32 = 8
    /// SHT_DYNSYM.
    static let dynamicSymbols: UInt32 = 11

    /// At most 64 bytes of it.
    var name: String
    var type: UInt32
    var offset: Int
    var size: Int
    /// The section of its names.
    var link: Int
}
