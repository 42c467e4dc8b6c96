internal import Glibc
internal import PatchbayIO

/// The names that /etc/ld.so.cache holds for this machine: what the loader finds without a search folder.
///
/// glibc's sysdeps/generic/dl-cache.h: the format "glibc-ld.so.cache1.1", alone or behind one of the old format.
package struct LoaderCache {
    private static let magic = Array("glibc-ld.so.cache1.1".utf8)
    private static let oldMagic = Array("ld.so-1.7.0".utf8)
    private static let largest = 32 << 20
    private static let mostEntries = 1 << 18

    /// FLAG_ELF_LIBC6 with the machine's own bits.
    #if arch(x86_64)
        private static let flags: UInt32 = 0x0303
    #else
        private static let flags: UInt32 = 0x0A03
    #endif

    package private(set) var names: Set<String> = []

    /// Empty where there is none, or one in another form: the standard folders are still searched.
    package init(path: String = "/etc/ld.so.cache") {
        guard let file = OwnedDescriptor.open(path, flags: O_RDONLY | O_NONBLOCK | O_NOCTTY), let status = OpenFileStatus(file.number),
            status.isRegular, status.size <= Self.largest,
            let bytes = try? DescriptorBytes(descriptor: file.number, count: status.size).read(at: 0, count: status.size)
        else {
            self.init([])
            return
        }
        self.init(bytes)
    }

    package init(_ bytes: [UInt8]) {
        let fields = ObjectFields(bytes: bytes)
        var start = 0
        if bytes.starts(with: Self.oldMagic) {
            // The count of 12-byte entries follows the padded magic; then the new format, aligned to 8.
            let count = Int(fields.word(12))
            guard count <= Self.mostEntries else { return }
            start = (16 + count * 12 + 7) & ~7
        }
        guard start + 48 <= bytes.count, bytes[start...].starts(with: Self.magic) else { return }
        let count = Int(fields.word(start + 20))
        guard count <= Self.mostEntries, start + 48 + count * 24 <= bytes.count else { return }
        for index in 0..<count {
            let entry = start + 48 + index * 24
            guard fields.word(entry) & 0xFFFF == Self.flags else { continue }
            let name = start + Int(fields.word(entry + 4))
            guard name < bytes.count else { continue }
            names.insert(String(decoding: bytes[name...].prefix(ObjectFile.longestName).prefix { $0 != 0 }, as: UTF8.self))
        }
    }
}
