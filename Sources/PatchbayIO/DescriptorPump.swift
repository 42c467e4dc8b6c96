internal import CPatchbayIO
internal import Glibc
internal import Synchronization

/// A thread that reads a descriptor which cannot be waited for, such as a plain file, into a pipe, which can.
///
/// The pipe bounds what is read ahead. The thread ends with the file, or when the pipe's other end is closed.
final class DescriptorPump: Sendable {
    private let failure = Atomic<CInt>(0)

    /// The error number that ended the reading; 0: none.
    var errorNumber: CInt { failure.load(ordering: .acquiring) }

    private final class Work: Sendable {
        let source: CInt
        let sink: CInt
        let pump: DescriptorPump

        init(source: CInt, sink: CInt, pump: DescriptorPump) {
            self.source = source
            self.sink = sink
            self.pump = pump
        }
    }

    /// Takes over `source`.
    /// - Returns: the reading end of the pipe, non-blocking, for the caller to close.
    func start(from source: CInt) throws(IOFailure) -> CInt {
        var pair: (CInt, CInt) = (-1, -1)
        let status = withUnsafeMutableBytes(of: &pair) { cpb_pipe($0.bindMemory(to: CInt.self).baseAddress) }
        guard status >= 0 else {
            _ = cpb_close(source)
            throw IOFailure(errno: -status, operation: "open a pipe")
        }
        // The thread may block; only it has this end.
        _ = cpb_set_blocking(pair.1)
        let work = Unmanaged.passRetained(Work(source: source, sink: pair.1, pump: self))
        let started = cpb_thread_start(
            { context in
                // Never nil: it is what was passed below.
                DescriptorPump.run(Unmanaged<Work>.fromOpaque(context!).takeRetainedValue())
                return nil
            },
            work.toOpaque(),
            "patchbay-reader"
        )
        guard started >= 0 else {
            work.release()
            for descriptor in [source, pair.0, pair.1] { _ = cpb_close(descriptor) }
            throw IOFailure(errno: -started, operation: "start a reader's thread")
        }
        return pair.0
    }

    private static let chunk = 65_536

    private static func run(_ work: Work) {
        let space = UnsafeMutableRawBufferPointer.allocate(byteCount: chunk, alignment: 16)
        defer {
            space.deallocate()
            // In this order: who sees the end finds the reason.
            _ = cpb_close(work.source)
            _ = cpb_close(work.sink)
        }
        while true {
            let count = cpb_read(work.source, space.baseAddress, chunk)
            guard count > 0 else {
                if count < 0 { work.pump.failure.store(CInt(-count), ordering: .releasing) }
                return
            }
            var written = 0
            while written < count {
                // All signals are blocked on this thread, SIGPIPE too.
                let result = cpb_write(work.sink, space.baseAddress?.advanced(by: written), count - written)
                if result < 0 { return }
                written += result
            }
        }
    }
}
