internal import CPatchbayIO
internal import Glibc
internal import PatchbayIO

/// A lock among the processes that claim one path: `flock` on a file beside it.
///
/// The file is litter once the claim is done, so its holder removes it before letting go. That is free of races because a lock
/// counts only on the file that the name leads to now: who waited on a file that was removed meanwhile finds another one there, or
/// none, and starts again; and only a holder removes. The end of a process lets go of the lock too; the empty file that it leaves is
/// taken over by the next.
struct PathLock: ~Copyable {
    private let path: String
    private let descriptor: CInt

    private init(path: String, descriptor: CInt) {
        self.path = path
        self.descriptor = descriptor
    }

    /// Nil where somebody else holds it now.
    static func take(_ path: String) throws(IOFailure) -> PathLock? {
        // Non-blocking: the name may lead to a pipe.
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0o600)
        guard descriptor >= 0 else { throw IOFailure(errno: errno, operation: "open the lock file \(path)") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error = errno
            _ = cpb_close(descriptor)
            if error == EWOULDBLOCK || error == EINTR { return nil }
            throw IOFailure(errno: error, operation: "lock \(path)")
        }
        guard let held = FileStatus(of: descriptor), let named = FileStatus(of: path), held.identity == named.identity else {
            _ = cpb_close(descriptor)
            return nil
        }
        return PathLock(path: path, descriptor: descriptor)
    }

    deinit {
        // Not a file of somebody's that happens to bear the name.
        if let held = FileStatus(of: descriptor), held.isRegular, held.size == 0 { _ = unlink(path) }
        _ = cpb_close(descriptor)
    }
}
