internal import CPatchbayIO
internal import Glibc
internal import Synchronization

/// How a TCP socket is set up.
package struct TCPSettings: Sendable, Hashable {
    /// Send small messages at once.
    package var noDelay = true
    /// After so long without traffic the system asks whether the peer is still there; nil: never.
    package var keepAlive: Duration? = .seconds(60)

    package init(noDelay: Bool = true, keepAlive: Duration? = .seconds(60)) {
        self.noDelay = noDelay
        self.keepAlive = keepAlive
    }

    package func apply(to socket: CInt) {
        if noDelay { _ = cpb_set_option(socket, CInt(IPPROTO_TCP), TCP_NODELAY, 1) }
        if let keepAlive {
            let seconds = CInt(clamping: max(1, keepAlive.components.seconds))
            _ = cpb_set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1)
            _ = cpb_set_option(socket, CInt(IPPROTO_TCP), TCP_KEEPIDLE, seconds)
            _ = cpb_set_option(socket, CInt(IPPROTO_TCP), TCP_KEEPINTVL, max(1, seconds / 6))
        }
    }
}

extension SocketStream {
    /// Dials one address. Cancellation abandons the attempt and closes its socket.
    /// - Parameters:
    ///   - settings: nil for Unix sockets.
    ///   - timeout: ETIMEDOUT after that; nil: when the system gives up.
    /// - Throws: ``IOFailure``, or `CancellationError`.
    package nonisolated(nonsending) static func connect(
        to address: Address,
        settings: TCPSettings?,
        timeout: Duration? = nil,
        reactor: Reactor
    ) async throws -> SocketStream {
        let socket = cpb_socket(address.family, CInt(SOCK_STREAM.rawValue))
        guard socket >= 0 else { throw IOFailure(errno: -socket, operation: "open a socket") }
        settings?.apply(to: socket)
        var status = address.withSystemAddress { cpb_connect(socket, $0, $1) }
        if status == -EINPROGRESS, cpb_poll(socket, CInt(CPB_OUT), 0) == 1 {
            // Loopback is connected by now, most often: no need to ask the reactor.
            status = -cpb_socket_error(socket)
        }
        let stream = SocketStream(
            socket: socket,
            isUnix: address.family == AF_UNIX,
            connecting: status == -EINPROGRESS,
            fitsSendBuffer: true,
            reactor: reactor
        )
        if status == -EINPROGRESS {
            try await stream.waitUntilConnected(timeout)
        } else if status < 0 {
            stream.close(abort: false)
            throw IOFailure(errno: -status, operation: "connect")
        }
        return stream
    }

    private nonisolated(nonsending) func waitUntilConnected(_ timeout: Duration?) async throws {
        let gate = ReadinessGate()
        if let timeout {
            let deadline = reactor.deadline(after: timeout)
            if deadline != .max { gate.expire(at: deadline, on: reactor) }
        }
        await withTaskCancellationHandler {
            await gate.wait { whenWritable(gate) }
        } onCancel: {
            close(abort: false)
        }
        if gate.hasExpired {
            close(abort: false)
            throw IOFailure(errno: ETIMEDOUT, operation: "connect")
        }
        if let failure = connectionError() {
            close(abort: false)
            try Task.checkCancellation()
            throw failure
        }
    }
}

/// Suspends one task until a stream tells of readiness, or a time has come.
package final class ReadinessGate: StreamWaiter, DeadlineTarget {
    private enum State { case idle, open, waiting(UnsafeContinuation<Void, Never>) }
    private let state = Locked(State.idle)
    private let deadline = Atomic<UInt64>(.max)
    private let expired = Atomic<Bool>(false)

    package init() {}

    /// - Parameter register: registers this gate with a stream; false: ready already.
    package nonisolated(nonsending) func wait(_ register: () -> Bool) async {
        guard register() else { return }
        await withUnsafeContinuation { continuation in
            let open = state.withLock { state in
                if case .open = state { return true }
                state = .waiting(continuation)
                return false
            }
            if open { continuation.resume() }
        }
    }

    /// Opens the gate at that instant, in nanoseconds of the monotonic clock.
    package func expire(at instant: UInt64, on reactor: Reactor) {
        deadline.store(instant, ordering: .relaxed)
        reactor.schedule(self, at: instant)
    }

    /// The time came before the readiness.
    package var hasExpired: Bool { expired.load(ordering: .acquiring) }

    package func deadlineReached(now: UInt64) -> UInt64? {
        let deadline = deadline.load(ordering: .relaxed)
        guard deadline <= now else { return deadline }
        expired.store(true, ordering: .releasing)
        open()
        return nil
    }

    private func open() {
        let waiting = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            defer { state = .open }
            if case .waiting(let continuation) = state { return continuation }
            return nil
        }
        waiting?.resume()
    }

    package func streamBecameReadable() { open() }
    package func streamBecameWritable() { open() }
}
