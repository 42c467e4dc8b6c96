internal import Glibc
internal import Synchronization

/// The key that a parent process left in a descriptor, as `PATCHBAY_AUTHKEY_DESCRIPTOR` says.
///
/// A pipe can be read only once: the first resolution that needs a key reads it and closes the descriptor, and what came of that,
/// key or error, holds from then on.
final class InheritedKey: Sendable {
    /// The parent should have written the key, and closed its end, before it started this process.
    private static let patience: Int = 5_000

    private let outcome = Mutex<Result<[UInt8], PatchbayError>?>(nil)

    /// - Parameter number: the variable's text.
    /// - Throws: ``PatchbayError`` with `invalidOption`.
    func bytes(from number: String) throws(PatchbayError) -> [UInt8] {
        // Held while it is read: others wait for the key rather than fail.
        let result = outcome.withLock { outcome in
            if let outcome { return outcome }
            let result = Result { () throws(PatchbayError) in try Self.read(number) }
            outcome = result
            return result
        }
        return try result.get()
    }

    private static func read(_ number: String) throws(PatchbayError) -> [UInt8] {
        guard let descriptor = CInt(number), descriptor > 2 else {
            throw failure("it is not a descriptor's number above 2")
        }
        var status = stat()
        let flags = fcntl(descriptor, F_GETFD)
        guard flags >= 0, fstat(descriptor, &status) == 0 else {
            throw failure("no such descriptor is open; the parent must let it be inherited")
        }
        // What carries this flag did not come through exec, so it is something of this process with the same number.
        guard flags & FD_CLOEXEC == 0 else { throw failure("it was not inherited; the parent must let it be inherited") }
        let kind = status.st_mode & S_IFMT
        guard kind == S_IFREG || kind == S_IFIFO || kind == S_IFSOCK else { throw failure("it is neither a pipe, a socket nor a file") }
        defer { close(descriptor) }
        var bytes = try contents(of: descriptor, isFile: kind == S_IFREG)
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        guard bytes.count <= SecretSource.most else { throw failure("it holds more than 64 KiB, which no key has") }
        guard !bytes.isEmpty else { throw failure("it is empty; the parent must write the key before it starts this process") }
        return bytes
    }

    private static func contents(of descriptor: CInt, isFile: Bool) throws(PatchbayError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        let end = ContinuousClock.now + .milliseconds(patience)
        while bytes.count <= SecretSource.most + 1 {
            if !isFile { try wait(for: descriptor, until: end) }
            let count = chunk.withUnsafeMutableBytes { chunk in
                // A file's position is shared with all who inherited it, so it is neither used nor moved.
                isFile
                    ? pread(descriptor, chunk.baseAddress, chunk.count, bytes.count)
                    : Glibc.read(descriptor, chunk.baseAddress, chunk.count)
            }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count >= 0 else { throw failure(String(cString: strerror(errno))) }
            if count == 0 { break }
            bytes += chunk[..<count]
        }
        return bytes
    }

    private static func wait(for descriptor: CInt, until end: ContinuousClock.Instant) throws(PatchbayError) {
        while true {
            let left = (end - .now) / .milliseconds(1)
            guard left > 0 else { throw failure("it did not end within 5 s; the parent must close its end once the key is written") }
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&entry, 1, CInt(left) + 1) > 0 { return }
        }
    }

    private static func failure(_ reason: String) -> PatchbayError {
        PatchbayError(.invalidOption, "the descriptor that 'PATCHBAY_AUTHKEY_DESCRIPTOR' names cannot be read: \(reason)", stage: .resolve)
    }
}
