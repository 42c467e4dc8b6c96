import Glibc
import PatchbayIO
import Testing

@testable import PatchbayUnixSocket

@Suite("The lock beside a path")
struct PathLockTests {
    let folder: TemporaryFolder
    let path: String

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/a.sock.lock"
    }

    private func isFree() throws -> Bool {
        guard let lock = try PathLock.take(path) else { return false }
        _ = consume lock
        return true
    }

    @Test("one holds it at a time, and takes its file away")
    func oneAtATime() throws {
        do {
            guard let lock = try PathLock.take(path) else {
                Issue.record("nobody holds it, and yet it cannot be had")
                return
            }
            #expect(folder.names == ["a.sock.lock"])
            #expect(try !isFree())
            // Held until here, and the attempt above removed nothing.
            #expect(folder.names == ["a.sock.lock"])
            _ = consume lock
        }
        #expect(folder.names.isEmpty)
        #expect(try isFree())
        #expect(folder.names.isEmpty)
    }

    @Test("a lock on a file that was removed does not count")
    func removedFile() throws {
        let old = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        defer { close(old) }
        try #require(flock(old, LOCK_EX) == 0)
        #expect(try !isFree())
        unlink(path)
        #expect(try isFree())
    }

    @Test("a link in its place is not followed")
    func link() throws {
        try #require(symlink(folder.path + "/target", path) == 0)
        let error = #expect(throws: IOFailure.self) { try isFree() }
        #expect(error?.errno == ELOOP)
        #expect(folder.names == ["a.sock.lock"])
    }
}
