internal import CPatchbayIO
internal import Glibc
package import PatchbayCore

/// Which file it is, and which state of it: what was checked, hashed, probed and loaded is compared by this.
///
/// Any write, rename or change of mode sets ``changedAt``, which nobody can set back.
package struct FileIdentity: Sendable, Hashable, Codable {
    package var device: UInt64
    package var inode: UInt64
    /// Bytes.
    package var size: Int64
    /// The ctime, in nanoseconds since 1970.
    package var changedAt: Int64

    package init(device: UInt64, inode: UInt64, size: Int64, changedAt: Int64) {
        self.device = device
        self.inode = inode
        self.size = size
        self.changedAt = changedAt
    }

    /// Of an open regular file.
    /// - Throws: ``PatchbayError`` with `systemFailure`, or `unsupported` for what is no regular file.
    package init(descriptor: CInt) throws(PatchbayError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw PatchbayError(.systemFailure, "cannot look at an open file: \(String(cString: strerror(errno)))", stage: .plugin)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw PatchbayError(.unsupported, "a plugin must be a regular file, and this is none", stage: .plugin)
        }
        device = UInt64(status.st_dev)
        inode = UInt64(status.st_ino)
        size = Int64(status.st_size)
        // Seconds until the year 2262; a file system that says more is wrong, not worth a trap.
        changedAt = Int64(status.st_ctim.tv_sec) &* 1_000_000_000 &+ Int64(status.st_ctim.tv_nsec)
    }

    /// Opens a file without following a link at its end, and looks at it.
    package init(path: String) throws(PatchbayError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY)
        guard descriptor >= 0 else {
            let reason = errno == ELOOP ? "it is a link, and links to plugins are not followed" : String(cString: strerror(errno))
            throw PatchbayError(.systemFailure, "cannot open the plugin \(path): \(reason)", stage: .plugin)
        }
        defer { _ = cpb_close(descriptor) }
        try self.init(descriptor: descriptor)
    }
}
