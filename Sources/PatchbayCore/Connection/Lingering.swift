internal import NIOCore
internal import PatchbayIO
internal import Synchronization

/// A stream whose connection is closed, but whose peer may still send: what comes is read and dropped until the peer's end or
/// a deadline. Closing before that would reset the stream, and the peer would lose what is on its way to it.
///
/// Nobody waits for it: the stream, which waits for the peer, keeps it alive.
final class Lingering: StreamWaiter, DeadlineTarget {
    private let stream: any ByteStream
    private let deadline: UInt64
    private let over = Atomic<Bool>(false)

    private init(stream: any ByteStream, deadline: UInt64) {
        self.stream = stream
        self.deadline = deadline
    }

    /// Takes over a stream whose output was shut down.
    static func start(_ stream: any ByteStream, until deadline: UInt64) {
        let lingering = Lingering(stream: stream, deadline: deadline)
        guard lingering.goOn() else { return }
        stream.reactor.schedule(lingering, at: deadline)
    }

    /// - Returns: false where it is over.
    private func goOn() -> Bool {
        var scratch = stream.reactor.takeReadBuffer()
        defer { stream.reactor.giveReadBuffer(scratch) }
        while !over.load(ordering: .relaxed) {
            scratch.clear()
            switch stream.read(into: &scratch, upTo: scratch.writableBytes) {
            case .bytes:
                // A peer that never stops sending is cut off like one that is silent.
                if stream.reactor.now >= deadline { return end() }
            case .blocked:
                if stream.whenReadable(self) { return true }
            case .end, .failed: return end()
            }
        }
        return false
    }

    private func end() -> Bool {
        over.store(true, ordering: .relaxed)
        stream.close(abort: false)
        return false
    }

    func streamBecameReadable() { _ = goOn() }

    func streamBecameWritable() {}

    func deadlineReached(now: UInt64) -> UInt64? {
        guard !over.load(ordering: .relaxed) else { return nil }
        guard deadline <= now else { return deadline }
        _ = end()
        return nil
    }
}
