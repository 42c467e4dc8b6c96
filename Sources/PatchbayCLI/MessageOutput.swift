internal import Dispatch
internal import Glibc
internal import NIOCore

/// Where messages are printed, written on a thread of its own: a reader that is slow makes those who write wait, and no reactor.
final class MessageOutput: Sendable {
    let terminal: Terminal
    private let queue = DispatchQueue(label: "message output")

    init(_ terminal: Terminal) { self.terminal = terminal }

    /// Writes whole lines.
    /// - Throws: ``StandardStreamFailure``.
    func write(_ lines: ByteBuffer) async throws {
        guard lines.readableBytes > 0 else { return }
        let descriptor = terminal.descriptor
        try await withUnsafeThrowingContinuation { (continuation: UnsafeContinuation<Void, any Error>) in
            queue.async { continuation.resume(with: Result { try BlockingWriter.write(lines, to: descriptor) }) }
        }
    }
}

/// Writes everything, however long that takes.
enum BlockingWriter {
    static func write(_ bytes: ByteBuffer, to descriptor: CInt) throws(StandardStreamFailure) {
        var bytes = bytes
        while bytes.readableBytes > 0 {
            let count = bytes.withUnsafeReadableBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count >= 0 {
                bytes.moveReaderIndex(forwardBy: count)
                continue
            }
            switch errno {
            case EINTR: continue
            case EAGAIN:
                var waiting = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                poll(&waiting, 1, -1)
            case EPIPE: throw StandardStreamFailure(description: "standard output was closed", isClosedOutput: true)
            default: throw .system("cannot write to standard output", errno)
            }
        }
    }
}
