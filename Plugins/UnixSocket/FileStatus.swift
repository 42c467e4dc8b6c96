internal import Glibc

/// What the system says of a file; links are not followed.
struct FileStatus: Sendable {
    /// Which file it is, for as long as something holds it open or linked.
    struct Identity: Sendable, Hashable {
        var device: UInt64
        var number: UInt64
    }

    let identity: Identity
    let owner: UInt32
    let size: Int
    private let mode: UInt32

    /// Nil, and `errno`, where there is none.
    init?(of path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Of an open descriptor.
    init?(of descriptor: CInt) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        identity = Identity(device: UInt64(status.st_dev), number: UInt64(status.st_ino))
        owner = status.st_uid
        size = Int(status.st_size)
        mode = status.st_mode
    }

    var isSocket: Bool { mode & S_IFMT == S_IFSOCK }
    var isFolder: Bool { mode & S_IFMT == S_IFDIR }
    var isRegular: Bool { mode & S_IFMT == S_IFREG }
    var permissions: UInt32 { mode & 0o7777 }
}
