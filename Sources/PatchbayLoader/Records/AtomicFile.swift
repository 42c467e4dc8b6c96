internal import Glibc
package import NIOCore
package import PatchbayCore
internal import PatchbayIO

/// Writes a file so that others see the old one or the new one, and nothing between.
package enum AtomicFile {
    /// - Throws: ``PatchbayError`` with `systemFailure`.
    package static func write(_ bytes: ByteBuffer, to path: String, mode: UInt32) throws(PatchbayError) {
        let temporary = "\(path).\(getpid())-\(UInt64.random(in: .min ... .max))"
        let number = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
        guard number >= 0 else { throw failure(path) }
        let file = OwnedDescriptor(number)
        var bytes = bytes
        while bytes.readableBytes > 0 {
            let count = bytes.withUnsafeReadableBytes { Glibc.write(file.number, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw abandoned(temporary, path) }
            bytes.moveReaderIndex(forwardBy: count)
        }
        guard rename(temporary, path) == 0 else { throw abandoned(temporary, path) }
    }

    private static func abandoned(_ temporary: String, _ path: String) -> PatchbayError {
        let error = failure(path)
        unlink(temporary)
        return error
    }

    private static func failure(_ path: String) -> PatchbayError {
        PatchbayError(.systemFailure, "cannot write \(path): \(String(cString: strerror(errno)))", stage: .plugin)
    }
}
