internal import CPatchbayIO
internal import Glibc
package import NIOCore
internal import Synchronization

/// A connected SOCK_SEQPACKET socket: packets for those who ask for packets, a stream of bytes for the others.
///
/// A stream of its own beside ``SocketStream``, so that those that keep no packets apart pay nothing for it.
package final class PacketSocketStream: PacketStream {
    private let socket: SocketStream
    /// What is left of a packet that was larger than the room there was for it, when it is read as bytes.
    private let rest = Locked(ByteBuffer())

    /// Takes over a connected, non-blocking SOCK_SEQPACKET.
    package convenience init(socket: CInt, isUnix: Bool, reactor: Reactor) {
        self.init(SocketStream(socket: socket, isUnix: isUnix, reactor: reactor))
    }

    /// Takes over a stream that was made over a SOCK_SEQPACKET, and not read from.
    package init(_ socket: SocketStream) { self.socket = socket }

    package var reactor: Reactor { socket.reactor }
    package var descriptor: CInt? { socket.descriptor }
    package var peer: StreamPeer { socket.peer }
    package var packets: (any PacketStream)? { self }

    // MARK: - Packets

    package func readPacket(upTo maximum: Int) -> PacketOutcome {
        // What a handshake read as bytes and left over is the rest of its packet.
        let left = rest.withLock { rest in
            defer { rest = ByteBuffer() }
            return rest
        }
        return left.readableBytes > 0 ? .packet(left) : socket.readPacket(upTo: maximum)
    }

    package func writePacket(_ bytes: UnsafeRawBufferPointer) -> WriteOutcome {
        socket.write(bytes, UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// The least that a Linux socket buffer holds, SOCK_MIN_SNDBUF, is larger than this.
    package var ordinaryPacket: Int { 4_096 }

    package func largestPacket(for wanted: Int) -> Int { socket.largestPacket(for: wanted) }

    // MARK: - Bytes

    package func read(into buffer: inout ByteBuffer, upTo maximum: Int) -> ReadOutcome {
        rest.withLock { rest in
            while rest.readableBytes == 0 {
                switch socket.readPacket(upTo: .max) {
                // An empty one adds nothing to a stream.
                case .packet(let packet): rest = packet
                case .blocked: return .blocked
                case .end: return .end
                case .failed(let failure): return .failed(failure)
                case .tooLarge: return .failed(IOFailure(errno: EMSGSIZE, operation: "receive"))
                }
            }
            guard let piece = rest.readSlice(length: min(rest.readableBytes, maximum)) else { return .blocked }
            if rest.readableBytes == 0 { rest = ByteBuffer() }
            return .bytes(buffer.writeImmutableBuffer(piece))
        }
    }

    /// Bytes of one packet, when it is written as a stream: any reader has room for them at once.
    private static let chunk = 65_536

    package func lookAgain() { socket.lookAgain() }

    package func write(_ head: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) -> WriteOutcome {
        let first = head.isEmpty ? body : head
        guard !first.isEmpty else { return .bytes(0) }
        let outcome = send(first, atMost: Self.chunk)
        if case .failed(let failure) = outcome, failure.errno == EMSGSIZE {
            return send(first, atMost: ordinaryPacket)
        }
        return outcome
    }

    private func send(_ bytes: UnsafeRawBufferPointer, atMost count: Int) -> WriteOutcome {
        writePacket(UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
    }

    // MARK: - Readiness and the end

    package func whenReadable(_ waiter: any StreamWaiter) -> Bool {
        rest.withLock { $0.readableBytes > 0 } ? false : socket.whenReadable(waiter)
    }

    package func whenWritable(_ waiter: any StreamWaiter) -> Bool { socket.whenWritable(waiter) }
    package func shutdownOutput() { socket.shutdownOutput() }
    package func close(abort: Bool) { socket.close(abort: abort) }
}
