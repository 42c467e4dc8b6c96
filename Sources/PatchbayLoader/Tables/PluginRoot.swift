internal import CPatchbay
internal import Glibc
internal import PatchbayCore

/// The `patchbay_plugin` of a module, read only as far as its size says, and held against what this host knows.
struct PluginRoot {
    let size: UInt32
    let major: UInt16
    let minor: UInt16
    let threads: ThreadModel
    let metadata: String
    private let interface: @convention(c) (UnsafePointer<CChar>?) -> UnsafeRawPointer?
    private let refusal: PluginRefusal

    /// What 1.0 has.
    private static let leastSize = MemoryLayout<patchbay_plugin>.size
    /// Bytes; a text without an end is not followed further.
    private static let longestMetadata = 1 << 20

    /// - Throws: ``PatchbayError`` with `pluginRefused`, for the first field that does not fit.
    init(_ pointer: UnsafeRawPointer, path: String, version: InterfaceVersion) throws(PatchbayError) {
        let refusal = PluginRefusal(path: path)
        self.refusal = refusal
        guard UInt(bitPattern: pointer).isMultiple(of: UInt(MemoryLayout<patchbay_plugin>.alignment)) else {
            throw refusal.error("its patchbay_plugin lies at an address that no compiler gives one; rebuild it with patchbay_plugin.h")
        }
        size = pointer.load(as: UInt32.self)
        // The first 12 bytes are what any major version keeps, so that two versions can tell each other apart.
        guard size >= 12 else { throw refusal.error("patchbay_plugin.size is \(size); set it to sizeof(patchbay_plugin)") }
        let magic = pointer.load(fromByteOffset: 4, as: UInt32.self)
        guard magic == PATCHBAY_MAGIC else {
            throw refusal.error(
                "patchbay_plugin.magic is 0x\(String(magic, radix: 16)), and must be PATCHBAY_MAGIC, 0x\(String(PATCHBAY_MAGIC, radix: 16)): "
                    + "it was not built with patchbay_plugin.h, or for another byte order"
            )
        }
        major = pointer.load(fromByteOffset: 8, as: UInt16.self)
        minor = pointer.load(fromByteOffset: 10, as: UInt16.self)
        guard major == version.major else {
            throw refusal.error(
                "it was built for version \(major).\(minor) of the plugin interface, and this host has \(version.major).\(version.minor); "
                    + (major < version.major
                        ? "rebuild it with this host's patchbay_plugin.h" : "update the host, or rebuild it with the older header")
            )
        }
        guard size >= Self.leastSize else {
            throw refusal.error(
                "patchbay_plugin.size is \(size), and version 1.0 has \(Self.leastSize); set it to sizeof(patchbay_plugin), and rebuild"
            )
        }
        let root = PluginTable.copy(pointer, size: size, patchbay_plugin())
        let unknown = root.required & ~version.knownRequirements
        guard unknown == 0 else {
            throw refusal.error(
                "patchbay_plugin.required has the bits 0x\(String(unknown, radix: 16)), which this host (\(version.major).\(version.minor)) "
                    + "does not know; update the host"
            )
        }
        guard let threads = ThreadModel(rawValue: root.threads) else {
            throw refusal.error("patchbay_plugin.threads is \(root.threads), and must be one of PATCHBAY_THREADS_…, 0 to 2")
        }
        self.threads = threads
        guard let text = root.metadata else {
            throw refusal.error("patchbay_plugin.metadata is NULL; set it to patchbay_metadata")
        }
        let length = strnlen(text, Self.longestMetadata)
        guard length < Self.longestMetadata else { throw refusal.error("patchbay_plugin.metadata has no end within 1 MiB") }
        metadata = String(decoding: UnsafeRawBufferPointer(start: text, count: length), as: UTF8.self)
        guard let interface = root.interface else { throw refusal.error("patchbay_plugin.interface is NULL; it must be a function") }
        self.interface = interface
    }

    /// A table's memory and size, or nil where the plugin gives none.
    private func table(_ id: String) throws(PatchbayError) -> (UnsafeRawPointer, UInt32)? {
        guard let pointer = id.withCString({ interface($0) }) else { return nil }
        guard UInt(bitPattern: pointer).isMultiple(of: 8) else {
            throw refusal.error("its table for \(id) lies at an address that no compiler gives one; rebuild it with patchbay_plugin.h")
        }
        return (pointer, pointer.load(as: UInt32.self))
    }

    /// A table that the metadata promises.
    /// - Parameters:
    ///   - empty: all zero; takes what the plugin knew.
    func table<Table>(_ id: String, _ empty: Table, for layer: String) throws(PatchbayError) -> Table {
        guard let (pointer, size) = try table(id) else {
            throw refusal.error(
                "its metadata declares '\(layer)', and interface(\"\(id)\") gives NULL; return the table, or take the layer out of the metadata"
            )
        }
        let least = MemoryLayout<Table>.size
        guard size >= least else {
            throw refusal.error("the size of its table for \(id) is \(size), and version 1.0 has \(least); set it to sizeof, and rebuild")
        }
        return PluginTable.copy(pointer, size: size, empty)
    }
}

/// Copies of what a plugin's tables say.
enum PluginTable {
    /// The part of a structure that both sides know; the rest stays as in `empty`.
    static func copy<Table>(_ pointer: UnsafeRawPointer, size: UInt32, _ empty: Table) -> Table {
        var table = empty
        withUnsafeMutableBytes(of: &table) {
            $0.copyMemory(from: UnsafeRawBufferPointer(start: pointer, count: min(Int(size), MemoryLayout<Table>.size)))
        }
        return table
    }
}
