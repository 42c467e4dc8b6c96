internal import Dispatch
internal import Glibc
internal import NIOCore
internal import Synchronization

/// Standard input by lines, read on a thread of its own, so that whoever waits can be cancelled and no reactor stands still.
///
/// It reads ahead at most what one call of the system gives: who does not ask makes the writer wait.
final class StandardInput: Sendable {
    private struct State {
        var waiter: UnsafeContinuation<Result<[ByteBuffer]?, StandardStreamFailure>, Never>?
        /// What came for a waiter that was cancelled.
        var kept: Result<[ByteBuffer]?, StandardStreamFailure>?
        var isReading = false
        /// The beginning of a line.
        var rest = ByteBuffer()
        var hasEnded = false
    }

    /// The longest line.
    private static let longest = 64 << 20

    private let queue = DispatchQueue(label: "standard input")
    private let state = Mutex(State())

    /// The next lines, without their ends; nil at the end of input. One caller at a time.
    /// - Throws: ``StandardStreamFailure``; `CancellationError`.
    func lines() async throws -> [ByteBuffer]? {
        let result = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let (now, starts) = state.withLock { state -> (Result<[ByteBuffer]?, StandardStreamFailure>?, Bool) in
                    if let kept = state.kept.take() { return (kept, false) }
                    if state.hasEnded || Task.isCancelled { return (.success(nil), false) }
                    state.waiter = continuation
                    defer { state.isReading = true }
                    return (nil, !state.isReading)
                }
                if let now { continuation.resume(returning: now) }
                if starts { queue.async { self.read() } }
            }
        } onCancel: {
            state.withLock { $0.waiter.take() }?.resume(returning: .success(nil))
        }
        try Task.checkCancellation()
        return try result.get()
    }

    /// Blocks until there is a whole line, or the end.
    private func read() {
        var buffer = state.withLock { state in
            let rest = state.rest
            state.rest = ByteBuffer()
            return rest
        }
        while true {
            let start = buffer.writerIndex
            var failure: CInt = 0
            var hasLine = false
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: 64 << 10) { pointer in
                let count = Glibc.read(0, pointer.baseAddress, pointer.count)
                failure = count < 0 ? errno : 0
                // Only what is new: a long line would else be searched again for each piece of it.
                hasLine = count > 0 && pointer.baseAddress.map { memchr($0, 0x0A, count) != nil } ?? false
                return max(count, 0)
            }
            if failure == EINTR { continue }
            if failure == EAGAIN {
                // Some shells leave a terminal non-blocking.
                var waiting = pollfd(fd: 0, events: Int16(POLLIN), revents: 0)
                poll(&waiting, 1, -1)
                continue
            }
            if failure != 0 { return finish(.failure(.system("cannot read standard input", failure)), rest: ByteBuffer(), end: true) }
            if buffer.writerIndex == start {
                return finish(.success(buffer.readableBytes > 0 ? [buffer] : nil), rest: ByteBuffer(), end: true)
            }
            if hasLine {
                let lines = Self.split(&buffer)
                return finish(.success(lines), rest: buffer, end: false)
            }
            guard buffer.readableBytes <= Self.longest else {
                let failure = StandardStreamFailure(
                    description: "a line of standard input has more than \(Self.longest >> 20) MiB; split it"
                )
                return finish(.failure(failure), rest: ByteBuffer(), end: true)
            }
        }
    }

    private func finish(_ result: Result<[ByteBuffer]?, StandardStreamFailure>, rest: ByteBuffer, end: Bool) {
        state.withLock { state -> UnsafeContinuation<Result<[ByteBuffer]?, StandardStreamFailure>, Never>? in
            state.isReading = false
            state.rest = rest
            state.hasEnded = end
            if state.waiter == nil { state.kept = result }
            return state.waiter.take()
        }?.resume(returning: result)
    }

    private static func split(_ buffer: inout ByteBuffer) -> [ByteBuffer] {
        var lines: [ByteBuffer] = []
        while let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")),
            let line = buffer.readSlice(length: end - buffer.readerIndex)
        {
            buffer.moveReaderIndex(forwardBy: 1)
            lines.append(line)
        }
        if !lines.isEmpty { buffer = ByteBuffer(buffer: buffer) }
        return lines
    }
}
