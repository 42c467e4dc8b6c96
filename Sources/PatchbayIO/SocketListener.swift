internal import CPatchbayIO
internal import Glibc
internal import Synchronization

/// A bound, listening stream socket.
package final class SocketListener: EventSource {
    private struct State: ~Copyable {
        var ready = true
        var closed = false
        var token: Registration?
        var waiting: UnsafeContinuation<Void, Never>?
        /// Whom the last connection came from, as the system says it.
        var peer = sockaddr_storage()
        var peerBytes: socklen_t = 0
    }

    private let socket: CInt
    private let settings: TCPSettings?
    private let reactor: Reactor
    private let state = Locked(State())
    private let beforeClose: (@Sendable () -> Void)?
    package let address: Address?

    /// Takes over a socket that listens.
    /// - Parameters:
    ///   - settings: of each accepted socket; nil for Unix sockets.
    ///   - beforeClose: runs once, just before the socket is closed, whoever closes it: what takes a socket's file away must do so
    ///     while the socket still answers, or it could take away a successor's. Not where this throws.
    package init(
        socket: CInt,
        settings: TCPSettings?,
        reactor: Reactor,
        beforeClose: (@Sendable () -> Void)? = nil
    ) throws(IOFailure) {
        self.socket = socket
        self.beforeClose = beforeClose
        self.settings = settings
        self.reactor = reactor
        address = Address.of(socket, cpb_local_address)
        OwnedDescriptors.insert(socket)
        switch reactor.register(socket, self, events: Events.readable | Events.edge) {
        case .success(let token): state.withLock { $0.token = token }
        case .failure(let failure):
            OwnedDescriptors.remove(socket)
            _ = cpb_close(socket)
            state.withLock { $0.closed = true }
            throw failure
        }
    }

    /// Binds and listens.
    package static func bind(
        to address: Address,
        backlog: Int,
        settings: TCPSettings?,
        reactor: Reactor
    ) throws(IOFailure) -> SocketListener {
        let socket = cpb_socket(address.family, CInt(SOCK_STREAM.rawValue))
        guard socket >= 0 else { throw IOFailure(errno: -socket, operation: "open a socket") }
        if address.family != AF_UNIX {
            // A restart must not wait for the last run's connections to time out; nobody can steal a port that listens.
            _ = cpb_set_option(socket, SOL_SOCKET, SO_REUSEADDR, 1)
            if address.family == AF_INET6 { _ = cpb_set_option(socket, CInt(IPPROTO_IPV6), IPV6_V6ONLY, 1) }
        }
        var status = address.withSystemAddress { cpb_bind(socket, $0, $1) }
        var operation = "bind"
        if status >= 0 {
            status = cpb_listen(socket, CInt(clamping: backlog))
            operation = "listen"
        }
        guard status >= 0 else {
            _ = cpb_close(socket)
            throw IOFailure(errno: -status, operation: operation)
        }
        return try SocketListener(socket: socket, settings: settings, reactor: reactor)
    }

    package func handle(_ events: UInt32) {
        let waiting = state.withLock { state in
            state.ready = true
            return state.waiting.take()
        }
        waiting?.resume()
    }

    /// Whom the last connection came from; nil before the first.
    package var lastPeer: Address? {
        state.withLock { state in
            let bytes = state.peerBytes
            guard bytes > 0 else { return nil }
            return withUnsafePointer(to: &state.peer) { Address($0, length: bytes) }
        }
    }

    private enum Step { case accepted(CInt), wait, closed, failed(IOFailure) }

    private func step() -> Step {
        state.withLock { state in
            // Bounded: a storm of connections that were reset before they were accepted lets others have their turn.
            for _ in 0..<64 {
                if state.closed { return .closed }
                var bytes = socklen_t(MemoryLayout<sockaddr_storage>.size)
                let accepted = cpb_accept(socket, &state.peer, &bytes)
                if accepted >= 0 {
                    state.peerBytes = bytes
                    return .accepted(accepted)
                }
                switch -accepted {
                case EAGAIN:
                    state.ready = false
                    return .wait
                // The connection went away while it was queued, or the network told of its troubles: accept(2).
                case ECONNABORTED, EPROTO, ENETDOWN, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH: continue
                default: return .failed(IOFailure(errno: -accepted, operation: "accept"))
                }
            }
            return .wait
        }
    }

    /// The next stream; nil after ``close()``. Cancellation closes the listener. One caller at a time.
    /// - Throws: ``IOFailure`` where the system has no descriptor or memory left; the listener goes on.
    package nonisolated(nonsending) func accept(_ home: @Sendable () -> Reactor) async throws -> SocketStream? {
        while true {
            switch step() {
            case .accepted(let accepted):
                settings?.apply(to: accepted)
                return SocketStream(socket: accepted, isUnix: settings == nil, fitsSendBuffer: true, reactor: home())
            case .closed: return nil
            case .failed(let failure): throw failure
            case .wait: await waitForConnection()
            }
        }
    }

    private nonisolated(nonsending) func waitForConnection() async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let goOn = state.withLock { state in
                    if state.ready || state.closed || state.waiting != nil { return true }
                    state.waiting = continuation
                    return false
                }
                if goOn { continuation.resume() }
            }
        } onCancel: {
            close()
        }
    }

    package func close() {
        let waiting = state.withLock { state -> UnsafeContinuation<Void, Never>? in
            guard !state.closed else { return nil }
            state.closed = true
            if let token = state.token { reactor.unregister(socket, token) }
            beforeClose?()
            OwnedDescriptors.remove(socket)
            _ = cpb_close(socket)
            return state.waiting.take()
        }
        waiting?.resume()
    }

    deinit {
        if !state.withLock({ $0.closed }) {
            beforeClose?()
            OwnedDescriptors.remove(socket)
            _ = cpb_close(socket)
        }
    }
}
