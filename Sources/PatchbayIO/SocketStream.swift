internal import CPatchbayIO
internal import Glibc
package import NIOCore
internal import Synchronization

/// A connected stream socket, TCP or Unix.
///
/// Edge-triggered, registered once, and only when somebody first has to wait.
package final class SocketStream: ByteStream, EventSource {
    struct ReadSide: ~Copyable {
        /// False once a read would block, until the next event.
        var readable = true
        /// The peer closed its direction or the socket failed: no further edge will come, so only EAGAIN or 0 means drained.
        var ending = false
        var closed = false
        var token: Registration?
        var waiter: (any StreamWaiter)?
    }

    struct WriteSide: ~Copyable {
        var writable: Bool
        /// Registered for writability as well.
        var armed = false
        var closed = false
        /// The buffer was fitted to large writes, or is as somebody wants it.
        var fitted: Bool
        var waiter: (any StreamWaiter)?
    }

    package let reactor: Reactor
    let socket: CInt
    /// Unix sockets may carry descriptors, which a plain recv would leave unseen.
    package let carriesDescriptors: Bool
    // Where both are taken, the writing side comes first.
    let writeSide: Locked<WriteSide>
    let readSide = Locked(ReadSide())

    /// Takes over a connected, non-blocking socket.
    /// - Parameters:
    ///   - connecting: not connected yet, and writable once it is.
    ///   - fitsSendBuffer: the size of its send buffer is this stream's to choose, not that of whoever opened it.
    package init(socket: CInt, isUnix: Bool, connecting: Bool = false, fitsSendBuffer: Bool = false, reactor: Reactor) {
        self.socket = socket
        self.reactor = reactor
        carriesDescriptors = isUnix
        writeSide = Locked(WriteSide(writable: !connecting, fitted: !fitsSendBuffer))
        OwnedDescriptors.insert(socket)
    }

    deinit {
        if !readSide.withLock({ $0.closed }) {
            OwnedDescriptors.remove(socket)
            _ = cpb_close(socket)
        }
    }

    package var descriptor: CInt? { socket }

    package var peer: StreamPeer {
        readSide.withLock { side in
            if side.closed { return StreamPeer() }
            var peer = StreamPeer(address: Address.of(socket, cpb_peer_address))
            var credentials = PeerCredentials(processID: 0, userID: 0, groupID: 0)
            if carriesDescriptors,
                cpb_peer_credentials(socket, &credentials.processID, &credentials.userID, &credentials.groupID) == 0
            {
                peer.credentials = credentials
            }
            return peer
        }
    }

    // MARK: - Events

    package func handle(_ events: UInt32) {
        if events & ~Events.writable != 0 {
            let waiter = readSide.withLock { side in
                side.readable = true
                if events & Events.ending != 0 { side.ending = true }
                return side.waiter.take()
            }
            waiter?.streamBecameReadable()
        }
        if events & (Events.writable | Events.error | Events.hangUp) != 0 {
            let waiter = writeSide.withLock { side -> (any StreamWaiter)? in
                guard side.armed, !side.closed else { return nil }
                side.writable = true
                if let waiter = side.waiter.take() { return waiter }
                side.armed = false
                rearm(Events.reading)
                return nil
            }
            waiter?.streamBecameWritable()
        }
    }

    private func rearm(_ events: UInt32) {
        readSide.withLock { side in
            if let token = side.token, !side.closed { reactor.modify(socket, token, events: events) }
        }
    }

    private func register(_ side: inout ReadSide, events: UInt32) -> IOFailure? {
        guard side.token == nil, !side.closed else { return nil }
        switch reactor.register(socket, self, events: events) {
        case .success(let token):
            side.token = token
            return nil
        case .failure(let failure): return failure
        }
    }

    // MARK: - Reading

    package func read(into buffer: inout ByteBuffer, upTo maximum: Int) -> ReadOutcome {
        readSide.withLock { side in
            if side.closed { return .end }
            if !side.readable { return .blocked }
            var control: CInt = 0
            var result = 0
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: maximum) { space in
                result =
                    carriesDescriptors
                    ? cpb_recv_message(socket, space.baseAddress, maximum, &control) : cpb_recv(socket, space.baseAddress, maximum)
                return max(result, 0)
            }
            return Self.outcome(of: result, maximum, hadControl: control != 0, &side)
        }
    }

    /// What a system call that reads means.
    @inline(__always)
    static func outcome(of result: Int, _ maximum: Int, hadControl: Bool, _ side: inout ReadSide) -> ReadOutcome {
        if result > 0 {
            // Short means drained, but not after control data, and only while an edge can still follow.
            // Nobody is told yet where the socket is not registered: registering looks, and so does lookAgain.
            if result < maximum, !hadControl, !side.ending { side.readable = false }
            return .bytes(result)
        }
        if result == 0 { return .end }
        if result == -Int(EAGAIN) {
            side.readable = false
            return .blocked
        }
        return .failed(IOFailure(errno: CInt(-result), operation: "receive"))
    }

    package func lookAgain() { readSide.withLock { $0.readable = true } }

    /// Reads one packet of a SOCK_SEQPACKET, whole.
    ///
    /// Asked for its size first: what a packet has beyond the room that a read gives it is lost.
    func readPacket(upTo maximum: Int) -> PacketOutcome {
        readSide.withLock { side in
            if side.closed { return .end }
            if !side.readable { return .blocked }
            let size = cpb_packet_size(socket)
            if size == -Int(EAGAIN) {
                side.readable = false
                return .blocked
            }
            if size < 0 { return .failed(IOFailure(errno: CInt(-size), operation: "receive")) }
            if size > maximum { return .tooLarge(size) }
            var packet = ByteBufferAllocator().buffer(capacity: size)
            var control: CInt = 0
            var result = 0
            packet.writeWithUnsafeMutableBytes(minimumWritableBytes: max(size, 1)) { space in
                result = cpb_recv_message(socket, space.baseAddress, size, &control)
                return max(result, 0)
            }
            if result < 0 { return .failed(IOFailure(errno: CInt(-result), operation: "receive")) }
            // An empty packet and the end look alike, but behind the end there is nothing, and the peer has gone.
            if result == 0, cpb_has_ended(socket) != 0 { return .end }
            return .packet(packet)
        }
    }

    package func whenReadable(_ waiter: any StreamWaiter) -> Bool {
        readSide.withLock { side in
            if side.closed || side.readable { return false }
            side.waiter = waiter
            if register(&side, events: Events.reading) != nil {
                // Nothing would ever wake the waiter: let it read, and meet the failure.
                side.waiter = nil
                side.readable = true
                return false
            }
            return true
        }
    }

    // MARK: - Writing

    package func write(_ head: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) -> WriteOutcome {
        writeSide.withLock { side in
            if side.closed { return .failed(IOFailure(errno: EPIPE, operation: "send")) }
            if !side.writable { return .blocked }
            if !side.fitted, head.count + body.count >= Self.largeWrite {
                side.fitted = true
                fitSendBuffer()
            }
            let result =
                body.isEmpty
                ? cpb_send(socket, head.baseAddress, head.count)
                : head.isEmpty
                    ? cpb_send(socket, body.baseAddress, body.count)
                    : cpb_send_two(socket, head.baseAddress, head.count, body.baseAddress, body.count)
            return Self.outcome(of: result, &side)
        }
    }

    /// What a system call that writes means.
    @inline(__always)
    static func outcome(of result: Int, _ side: inout WriteSide) -> WriteOutcome {
        if result >= 0 { return .bytes(result) }
        if result == -Int(EAGAIN) {
            side.writable = false
            return .blocked
        }
        return .failed(IOFailure(errno: CInt(-result), operation: "send"))
    }

    /// A write from here on, in bytes, is large.
    private static var largeWrite: Int { 262_144 }
    /// What is under way within a machine should stay in its cores' caches: more, which TCP takes by itself, halves the rate
    /// of messages of 1 MiB, and so does less, which Unix sockets have (docs/performance.md). The kernel doubles it.
    private static var localSendBuffer: CInt { 393_216 }

    /// Asks for a send buffer of the right size where the peer is on this machine; over a network TCP finds it by itself.
    private func fitSendBuffer() {
        if carriesDescriptors {
            var bytes: CInt = 0
            guard cpb_get_option(socket, SOL_SOCKET, SO_SNDBUF, &bytes) >= 0, bytes < 2 * Self.localSendBuffer else { return }
        } else {
            // TCP's buffer grows no more once it was set, so it must not be set too small.
            guard Self.mostSendBuffer >= Self.localSendBuffer, Address.of(socket, cpb_peer_address)?.isLocal == true else { return }
        }
        _ = cpb_set_option(socket, SOL_SOCKET, SO_SNDBUF, Self.localSendBuffer)
    }

    /// net.core.wmem_max, to which the kernel cuts what is asked for; 0 where it does not say.
    private static let mostSendBuffer: Int = {
        let file = open("/proc/sys/net/core/wmem_max", O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return 0 }
        defer { _ = cpb_close(file) }
        var text = [UInt8](repeating: 0, count: 32)
        let count = text.withUnsafeMutableBytes { Glibc.read(file, $0.baseAddress, $0.count) }
        return Int(String(decoding: text.prefix(max(count, 0)).prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)) ?? 0
    }()

    /// The largest packet of a SOCK_SEQPACKET, once its buffer has grown towards `wanted` bytes; 0 once it is closed.
    func largestPacket(for wanted: Int) -> Int {
        writeSide.withLock { side in
            if side.closed { return 0 }
            let now = Self.largestPacket(socket)
            guard now < wanted else { return now }
            // The kernel doubles what it is given, for its own needs, up to net.core.wmem_max.
            _ = cpb_set_option(socket, SOL_SOCKET, SO_SNDBUF, CInt(clamping: wanted))
            return Self.largestPacket(socket)
        }
    }

    /// A packet is at most the socket's buffer, less 32 bytes: unix_dgram_sendmsg in Linux's net/unix/af_unix.c.
    private static func largestPacket(_ socket: CInt) -> Int {
        var bytes: CInt = 0
        guard cpb_get_option(socket, SOL_SOCKET, SO_SNDBUF, &bytes) >= 0 else { return 0 }
        return max(Int(bytes) - 32, 0)
    }

    package func whenWritable(_ waiter: any StreamWaiter) -> Bool {
        writeSide.withLock { side in
            if side.closed || side.writable { return false }
            side.waiter = waiter
            let failure = readSide.withLock { read -> IOFailure? in
                if let token = read.token {
                    // Armed already: an edge since the write that was blocked would have said so under this lock.
                    if !side.armed { reactor.modify(socket, token, events: Events.readingAndWriting) }
                    return nil
                }
                return register(&read, events: Events.readingAndWriting)
            }
            side.armed = failure == nil
            if failure != nil {
                side.waiter = nil
                side.writable = true
            }
            return failure == nil
        }
    }

    /// For a socket that was connecting: what became of it.
    package func connectionError() -> IOFailure? {
        readSide.withLock { side in
            guard !side.closed else { return IOFailure(errno: ECANCELED, operation: "connect") }
            let error = cpb_socket_error(socket)
            return error == 0 ? nil : IOFailure(errno: error, operation: "connect")
        }
    }

    // MARK: - Ending

    package func shutdownOutput() {
        writeSide.withLock { side in
            if !side.closed { _ = cpb_shutdown_output(socket) }
        }
    }

    package func close(abort: Bool) {
        // Both locks: nobody is inside a system call on this descriptor when its number becomes free.
        let waiters = writeSide.withLock { write -> ((any StreamWaiter)?, (any StreamWaiter)?) in
            readSide.withLock { read in
                if read.closed { return (nil, nil) }
                read.closed = true
                write.closed = true
                if let token = read.token { reactor.unregister(socket, token) }
                OwnedDescriptors.remove(socket)
                _ = abort ? cpb_reset_and_close(socket) : cpb_close(socket)
                return (read.waiter.take(), write.waiter.take())
            }
        }
        waiters.0?.streamBecameReadable()
        waiters.1?.streamBecameWritable()
    }

    /// Gives the socket away, with all unread bytes in it: the stream is closed, and the peer notices nothing.
    /// - Returns: a connected, non-blocking, close-on-exec descriptor, which is the caller's; nil where the stream is closed.
    package func takeSocket() -> CInt? {
        let (taken, reader, writer) = writeSide.withLock { write -> (Bool, (any StreamWaiter)?, (any StreamWaiter)?) in
            readSide.withLock { read in
                if read.closed { return (false, nil, nil) }
                read.closed = true
                write.closed = true
                if let token = read.token { reactor.unregister(socket, token) }
                OwnedDescriptors.remove(socket)
                return (true, read.waiter.take(), write.waiter.take())
            }
        }
        reader?.streamBecameReadable()
        writer?.streamBecameWritable()
        return taken ? socket : nil
    }
    /// The same socket on another reactor, with all unread bytes in it; this stream is closed.
    /// - Returns: nil where it was closed already.
    package func moved(to reactor: Reactor) -> SocketStream? {
        let fitted = writeSide.withLock { $0.fitted }
        return takeSocket().map { SocketStream(socket: $0, isUnix: carriesDescriptors, fitsSendBuffer: !fitted, reactor: reactor) }
    }
}
