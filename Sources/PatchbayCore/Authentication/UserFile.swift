internal import Glibc
internal import PatchbayIO
internal import Synchronization

/// A file of users that an authenticator verifies against, read again whenever it changed.
package final class UserFile<Entry: Sendable>: Sendable {
    /// Enough for thousands of users.
    package static var largest: Int { 1 << 20 }

    private let path: String
    private let format: UserFormat<Entry>
    private let cache = Locked<(stamp: FileStamp, table: UserTable<Entry>)?>(nil)

    package init(path: String, format: UserFormat<Entry>) {
        self.path = path
        self.format = format
    }

    /// What the file holds now. Blocks on the file.
    /// - Throws: ``PatchbayError`` with `invalidOption`.
    package func table() throws(PatchbayError) -> UserTable<Entry> {
        // A file that others wait behind (a FIFO) must not hold the open.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw failure("cannot be opened: \(String(cString: strerror(errno)))") }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw failure("cannot be examined: \(String(cString: strerror(errno)))") }
        guard status.st_mode & S_IFMT == S_IFREG else { throw failure("is not a file") }
        guard status.st_mode & S_IWOTH == 0 else { throw failure("can be written by everyone; chmod o-w it") }
        guard status.st_size <= Self.largest else { throw failure("has more than \(Self.largest) bytes") }
        let stamp = FileStamp(status)
        if let cached = cache.withLock({ $0 }), cached.stamp == stamp { return cached.table }
        let table = try UserTable(try read(descriptor), path: path, format: format)
        cache.withLock { $0 = (stamp, table) }
        return table
    }

    private func read(_ descriptor: CInt) throws(PatchbayError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure("cannot be read: \(String(cString: strerror(errno)))") }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= Self.largest else { throw failure("has more than \(Self.largest) bytes") }
        }
    }

    private func failure(_ reason: String) -> PatchbayError {
        PatchbayError(.invalidOption, "the file of users \(path) \(reason)", stage: .authenticate, layer: format.layer)
    }
}

/// Tells one content of a file from the next.
private struct FileStamp: Equatable {
    var seconds: Int
    var nanoseconds: Int
    var size: Int
    var inode: UInt
    var device: UInt

    init(_ status: stat) {
        seconds = Int(status.st_mtim.tv_sec)
        nanoseconds = Int(status.st_mtim.tv_nsec)
        size = Int(status.st_size)
        inode = UInt(status.st_ino)
        device = UInt(status.st_dev)
    }
}
