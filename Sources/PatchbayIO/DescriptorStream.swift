internal import CPatchbayIO
internal import Glibc
package import NIOCore
internal import Synchronization

/// A stream over two descriptors, one to read and one to write: pipes, terminals, inherited sockets, files.
///
/// Inherited descriptors are used through descriptors of our own, and their flags are never changed, since every process that
/// shares them would see it. Closing closes our own; the inherited ones stay open for as long as the process has them.
package final class DescriptorStream: ByteStream {
    /// One direction with what its reactor knows of it.
    private final class Half: EventSource {
        struct State: ~Copyable {
            /// False once a call would block, until the next event.
            var ready = true
            var closed = false
            var token: Registration?
            var waiter: (any StreamWaiter)?
        }

        let end: DescriptorEnd
        let isInput: Bool
        let state = Locked(State())

        init(_ end: DescriptorEnd, isInput: Bool) {
            self.end = end
            self.isInput = isInput
        }

        deinit { close(on: nil)?() }

        func handle(_ events: UInt32) {
            let waiter = state.withLock { state in
                state.ready = true
                return state.waiter.take()
            }
            tell(waiter)
        }

        private func tell(_ waiter: (any StreamWaiter)?) {
            if isInput { waiter?.streamBecameReadable() } else { waiter?.streamBecameWritable() }
        }

        /// Registers the waiter; false: ready already.
        func whenReady(_ waiter: any StreamWaiter, on reactor: Reactor) -> Bool {
            state.withLock { state in
                if state.closed || state.ready { return false }
                if state.token == nil {
                    let events = isInput ? Events.reading : Events.writable | Events.edge
                    guard case .success(let token) = reactor.register(end.descriptor, self, events: events) else {
                        // Nothing would ever wake the waiter: let it try, and meet the failure.
                        state.ready = true
                        return false
                    }
                    state.token = token
                }
                state.waiter = waiter
                return true
            }
        }

        /// - Returns: what tells the waiter, to be called without locks; nil where it was closed before.
        func close(on reactor: Reactor?) -> (() -> Void)? {
            state.withLock { state -> (() -> Void)? in
                if state.closed { return nil }
                state.closed = true
                if let token = state.token { reactor?.unregister(end.descriptor, token) }
                state.token = nil
                _ = cpb_close(end.descriptor)
                let waiter = state.waiter.take()
                return { [self] in tell(waiter) }
            }
        }
    }

    package let reactor: Reactor
    private let input: Half
    private let output: Half
    private let pump: DescriptorPump?
    private let onClose: Locked<(@Sendable () -> Void)?>

    private init(
        input: DescriptorEnd,
        output: DescriptorEnd,
        pump: DescriptorPump?,
        reactor: Reactor,
        onClose: (@Sendable () -> Void)?
    ) {
        self.reactor = reactor
        self.input = Half(input, isInput: true)
        self.output = Half(output, isInput: false)
        self.pump = pump
        self.onClose = Locked(onClose)
    }

    /// Takes over two different descriptors that are non-blocking and that no other process shares.
    package convenience init(owningInput input: CInt, output: CInt, reactor: Reactor, onClose: (@Sendable () -> Void)? = nil) {
        self.init(
            input: DescriptorEnd(owning: input),
            output: DescriptorEnd(owning: output),
            pump: nil,
            reactor: reactor,
            onClose: onClose
        )
    }

    /// Uses two descriptors, or one for both, that other processes may share, and that stay open.
    /// - Parameter onClose: called once, when the stream no longer uses them.
    package convenience init(
        borrowingInput input: CInt,
        output: CInt,
        reactor: Reactor,
        onClose: (@Sendable () -> Void)? = nil
    ) throws(IOFailure) {
        let pump = DescriptorPump()
        let source = try DescriptorEnd.borrowing(input, .input, pump: pump)
        do throws(IOFailure) {
            let sink = try DescriptorEnd.borrowing(output, .output, pump: pump)
            self.init(input: source, output: sink, pump: pump, reactor: reactor, onClose: onClose)
        } catch {
            _ = cpb_close(source.descriptor)
            throw error
        }
    }

    deinit { close(abort: false) }

    package var descriptor: CInt? { input.end.descriptor }

    package var peer: StreamPeer {
        input.state.withLock { state in
            guard !state.closed, input.end.access == .socket else { return StreamPeer() }
            let address = Address.of(input.end.descriptor, cpb_peer_address)
            var peer = StreamPeer(address: address)
            switch address {
            case .unix, .abstract, .unnamed:
                var credentials = PeerCredentials(processID: 0, userID: 0, groupID: 0)
                let descriptor = input.end.descriptor
                if cpb_peer_credentials(descriptor, &credentials.processID, &credentials.userID, &credentials.groupID) == 0 {
                    peer.credentials = credentials
                }
            default: break
            }
            return peer
        }
    }

    package func read(into buffer: inout ByteBuffer, upTo maximum: Int) -> ReadOutcome {
        input.state.withLock { state in
            if state.closed { return .end }
            if !state.ready { return .blocked }
            var result = 0
            buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: maximum) { space in
                result = input.end.read(space.baseAddress, maximum)
                return max(result, 0)
            }
            if result > 0 { return .bytes(result) }
            if result == -Int(EAGAIN) {
                state.ready = false
                return .blocked
            }
            if result == 0 {
                if let error = pump?.errorNumber, error != 0 { return .failed(IOFailure(errno: error, operation: "receive")) }
                return .end
            }
            // The other side of a terminal was closed.
            if result == -Int(EIO), input.end.access != .socket, isatty(input.end.descriptor) == 1 { return .end }
            return .failed(IOFailure(errno: CInt(-result), operation: "receive"))
        }
    }

    package func lookAgain() { input.state.withLock { $0.ready = true } }

    package func whenReadable(_ waiter: any StreamWaiter) -> Bool { input.whenReady(waiter, on: reactor) }

    package func write(_ head: UnsafeRawBufferPointer, _ body: UnsafeRawBufferPointer) -> WriteOutcome {
        output.state.withLock { state in
            if state.closed { return .failed(IOFailure(errno: EPIPE, operation: "send")) }
            if !state.ready { return .blocked }
            let result = output.end.write(head, body)
            if result >= 0 { return .bytes(result) }
            if result == -Int(EAGAIN) {
                state.ready = false
                return .blocked
            }
            return .failed(IOFailure(errno: CInt(-result), operation: "send"))
        }
    }

    package func whenWritable(_ waiter: any StreamWaiter) -> Bool { output.whenReady(waiter, on: reactor) }

    /// A socket is shut down; any other output is closed, which its reader sees once no process holds it any more.
    package func shutdownOutput() {
        if output.end.access == .socket {
            output.state.withLock { if !$0.closed { _ = cpb_shutdown_output(output.end.descriptor) } }
        } else {
            output.close(on: reactor)?()
        }
    }

    package func close(abort: Bool) {
        let toldReader = input.close(on: reactor)
        let toldWriter = output.close(on: reactor)
        toldReader?()
        toldWriter?()
        onClose.withLock { $0.take() }?()
    }
}
