internal import Glibc

/// A file that is opened to be read whole, once it is known to be one, not too large, and not everyone's.
package struct CheckedFile: ~Copyable {
    /// Enough for thousands of lines.
    package static let largest = 1 << 20

    /// What everyone must not be allowed to do with it.
    package enum Protection: Sendable {
        case writing
        /// It holds secrets.
        case readingAndWriting

        fileprivate var bits: UInt32 { self == .writing ? S_IWOTH : S_IWOTH | S_IROTH }
        fileprivate var complaint: String {
            self == .writing ? "can be written by everyone; chmod o-w it" : "holds secrets and is open to everyone; chmod o-rw it"
        }
    }

    /// What is wrong with it, to stand behind its path.
    package struct Failure: Error {
        package var reason: String
    }

    private let descriptor: CInt
    /// Tells one content from the next.
    package let stamp: FileStamp

    package init(path: String, against protection: Protection) throws(Failure) {
        // A file that others wait behind (a FIFO) must not hold the open.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else { throw Failure(reason: "cannot be opened: \(String(cString: strerror(errno)))") }
        var status = stat()
        let isExamined = fstat(descriptor, &status) == 0
        let reason: String? =
            if !isExamined {
                "cannot be examined: \(String(cString: strerror(errno)))"
            } else if status.st_mode & S_IFMT != S_IFREG {
                "is not a file"
            } else if status.st_mode & protection.bits != 0 {
                protection.complaint
            } else if status.st_size > Self.largest {
                "has more than \(Self.largest) bytes"
            } else {
                nil
            }
        if let reason {
            close(descriptor)
            throw Failure(reason: reason)
        }
        self.descriptor = descriptor
        stamp = FileStamp(status)
    }

    deinit { close(descriptor) }

    package consuming func read() throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw Failure(reason: "cannot be read: \(String(cString: strerror(errno)))") }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= Self.largest else { throw Failure(reason: "has more than \(Self.largest) bytes") }
        }
    }
}

/// Tells one content of a file from the next.
package struct FileStamp: Equatable, Sendable {
    private var seconds: Int
    private var nanoseconds: Int
    private var size: Int
    private var inode: UInt
    private var device: UInt

    fileprivate init(_ status: stat) {
        seconds = Int(status.st_mtim.tv_sec)
        nanoseconds = Int(status.st_mtim.tv_nsec)
        size = Int(status.st_size)
        inode = UInt(status.st_ino)
        device = UInt(status.st_dev)
    }
}
