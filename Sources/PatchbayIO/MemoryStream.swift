internal import Glibc
package import NIOCore
internal import Synchronization

/// One end of a pair of streams inside a process, with the back-pressure of a socket.
package final class MemoryStream: ByteStream {
    /// One direction: bytes in order, with a bound.
    private final class Channel: Sendable {
        struct State: ~Copyable {
            var bytes = ByteBuffer()
            /// The writer ended in order.
            var ended = false
            /// The writer aborted: what is left is not the whole.
            var broken = false
            /// The reader is gone: writing is pointless.
            var abandoned = false
            var reader: (any StreamWaiter)?
            var writer: (any StreamWaiter)?
        }

        let state = Locked(State())
    }

    /// What a direction holds before its writer has to wait, in bytes.
    package static let capacity = 262_144

    package let reactor: Reactor
    private let peerReactor: Reactor
    private let incoming: Channel
    private let outgoing: Channel
    package let peer: StreamPeer

    private init(reactor: Reactor, peerReactor: Reactor, incoming: Channel, outgoing: Channel, peer: StreamPeer) {
        self.reactor = reactor
        self.peerReactor = peerReactor
        self.incoming = incoming
        self.outgoing = outgoing
        self.peer = peer
    }

    deinit { close(abort: false) }

    /// Two ends that lead to each other.
    /// - Parameter credentials: what each end sees of the other: this process.
    package static func pair(
        _ first: Reactor,
        _ second: Reactor,
        credentials: PeerCredentials? = nil
    ) -> (MemoryStream, MemoryStream) {
        let there = Channel()
        let back = Channel()
        let peer = StreamPeer(address: nil, credentials: credentials)
        return (
            MemoryStream(reactor: first, peerReactor: second, incoming: back, outgoing: there, peer: peer),
            MemoryStream(reactor: second, peerReactor: first, incoming: there, outgoing: back, peer: peer)
        )
    }

    package var descriptor: CInt? { nil }

    package func read(into buffer: inout ByteBuffer, upTo maximum: Int) -> ReadOutcome {
        let (outcome, writer) = incoming.state.withLock { state -> (ReadOutcome, (any StreamWaiter)?) in
            let count = min(maximum, state.bytes.readableBytes)
            if count > 0 {
                if var slice = state.bytes.readSlice(length: count) { buffer.writeBuffer(&slice) }
                if state.bytes.readableBytes == 0 {
                    state.bytes = ByteBuffer()
                } else if state.bytes.readerIndex >= Self.capacity {
                    // A stream that is never quite empty would grow by all that passes.
                    state.bytes.discardReadBytes()
                }
                return (.bytes(count), state.bytes.readableBytes < Self.capacity ? state.writer.take() : nil)
            }
            if state.broken, !state.abandoned { return (.failed(IOFailure(errno: ECONNRESET, operation: "receive")), nil) }
            return (state.ended || state.abandoned ? .end : .blocked, nil)
        }
        // Through the reactor: the caller holds locks that the other side's waiter may want.
        if let writer { peerReactor.notify { writer.streamBecameWritable() } }
        return outcome
    }

    package func write(_ head: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) -> WriteOutcome {
        let (outcome, reader) = outgoing.state.withLock { state -> (WriteOutcome, (any StreamWaiter)?) in
            if state.abandoned || state.ended { return (.failed(IOFailure(errno: EPIPE, operation: "send")), nil) }
            var room = Self.capacity - state.bytes.readableBytes
            guard room > 0 else { return (.blocked, nil) }
            var written = 0
            for piece in [head, body] {
                let count = min(room, piece.count)
                state.bytes.writeBytes(UnsafeRawBufferPointer(rebasing: piece[..<count]))
                room -= count
                written += count
            }
            return (.bytes(written), state.reader.take())
        }
        if let reader { peerReactor.notify { reader.streamBecameReadable() } }
        return outcome
    }

    package func whenReadable(_ waiter: any StreamWaiter) -> Bool {
        incoming.state.withLock { state in
            if state.bytes.readableBytes > 0 || state.ended || state.abandoned { return false }
            state.reader = waiter
            return true
        }
    }

    package func whenWritable(_ waiter: any StreamWaiter) -> Bool {
        outgoing.state.withLock { state in
            if state.bytes.readableBytes < Self.capacity || state.ended || state.abandoned { return false }
            state.writer = waiter
            return true
        }
    }

    package func shutdownOutput() { end(breaking: false) }

    private func end(breaking: Bool) {
        let reader = outgoing.state.withLock { state in
            if breaking, !state.ended {
                state.broken = true
                state.bytes = ByteBuffer()
            }
            state.ended = true
            return state.reader.take()
        }
        if let reader { peerReactor.notify { reader.streamBecameReadable() } }
    }

    package func close(abort: Bool) {
        end(breaking: abort)
        let ownWriter = outgoing.state.withLock { $0.writer.take() }
        let (ownReader, writer) = incoming.state.withLock { state -> ((any StreamWaiter)?, (any StreamWaiter)?) in
            state.abandoned = true
            state.bytes = ByteBuffer()
            return (state.reader.take(), state.writer.take())
        }
        ownReader?.streamBecameReadable()
        ownWriter?.streamBecameWritable()
        if let writer { peerReactor.notify { writer.streamBecameWritable() } }
    }
}
