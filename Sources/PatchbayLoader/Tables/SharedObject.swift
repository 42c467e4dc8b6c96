internal import CPatchbay
internal import Glibc
internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// A plugin's file in this process: opened once, entered once, never closed.
final class SharedObject: @unchecked Sendable {
    // Sendable: nothing changes after init.

    let path: String
    let identity: FileIdentity
    let log: PluginLog
    /// What the entry gave; nil where it refused.
    let root: UnsafeRawPointer?
    /// Why it refused, in its own words.
    let refusal: String?

    /// By file, since an entry is called once in a process.
    private static let entered = Locked<[FileIdentity: SharedObject]>([:])

    /// Opens and enters a file, or gives what is there already.
    /// - Parameter expected: the file that was checked; nil: whatever is there.
    static func enter(_ path: String, expected: FileIdentity?, version: InterfaceVersion) throws(PatchbayError) -> SharedObject {
        let identity = try FileIdentity(path: path)
        if let expected, expected != identity {
            throw PluginRefusal(path: path).error("the file changed since it was checked; check it again (patchbay check \(path))")
        }
        return try entered.withLock { entered throws(PatchbayError) in
            if let known = entered[identity] { return known }
            let object = try SharedObject(path, identity, version)
            entered[identity] = object
            return object
        }
    }

    private init(_ path: String, _ identity: FileIdentity, _ version: InterfaceVersion) throws(PatchbayError) {
        let refused = PluginRefusal(path: path)
        guard let real = realpath(path, nil) else {
            throw refused.error("its path cannot be resolved: \(String(cString: strerror(errno)))")
        }
        defer { free(real) }
        // RTLD_NODELETE: threads, handlers and Swift's or C++'s own tables may refer to the code for ever.
        guard let handle = dlopen(real, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE) else {
            throw refused.error("the loader says: \(String(cString: dlerror())); install what is missing, or rebuild the plugin")
        }
        guard let symbol = dlsym(handle, "patchbay_plugin_entry") else {
            throw refused.error(
                "it has no symbol patchbay_plugin_entry; export it with PATCHBAY_EXPORT, and link without hiding it (-fvisibility)"
            )
        }
        guard try FileIdentity(path: path) == identity, MappedFile.inode(at: symbol) == identity.inode else {
            throw refused.error("the file changed while it was loaded; check it again (patchbay check \(path))")
        }
        self.path = path
        self.identity = identity
        log = PluginLog()
        let host = HostTable(version, log: log)
        let entry = unsafeBitCast(symbol, to: patchbay_entry_function.self)
        let error = UnsafeMutablePointer<patchbay_error>.allocate(capacity: 1)
        error.initialize(to: patchbay_error())
        error.pointee.size = UInt32(MemoryLayout<patchbay_error>.size)
        // Not given back where the entry failed: it may have kept the pointer.
        root = entry(host.pointer, error).map { UnsafeRawPointer($0) }
        refusal =
            root != nil
            ? nil
            : withUnsafeBytes(of: error.pointee.message) { bytes in PluginText.printable(bytes.prefix { $0 != 0 }) }
    }
}

/// Which file lies behind an address of this process.
enum MappedFile {
    /// By the kernel's list of mappings (proc(5)); nil where no file is mapped there.
    static func inode(at address: UnsafeMutableRawPointer) -> UInt64? {
        guard let file = fopen("/proc/self/maps", "re") else { return nil }
        defer { fclose(file) }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        defer { free(line) }
        while getline(&line, &capacity, file) > 0 {
            guard let text = line.map({ String(cString: $0) }) else { continue }
            // start-end permissions offset device inode path
            let fields = text.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            guard fields.count >= 5 else { continue }
            let range = fields[0].split(separator: "-")
            guard range.count == 2, let start = UInt(range[0], radix: 16), let end = UInt(range[1], radix: 16) else { continue }
            if (start..<end).contains(UInt(bitPattern: address)) {
                return UInt64(String(fields[4]).trimmingNewline())
            }
        }
        return nil
    }
}

extension String {
    fileprivate func trimmingNewline() -> Substring { hasSuffix("\n") ? dropLast() : self[...] }
}

/// Why a file is not loaded.
struct PluginRefusal {
    var path: String

    func error(_ reason: String) -> PatchbayError {
        PatchbayError(.pluginRefused, "the plugin \(path) cannot be loaded: \(reason)", stage: .plugin)
    }
}
