internal import Glibc
internal import PatchbayIO
internal import Synchronization

/// Dials and listens by name inside this process.
final class InProcessTransport: Transport {
    private let listeners = Locked<[String: InProcessListener]>([:])

    /// This process: what SO_PEERCRED would say.
    private static let credentials = PeerCredentials(processID: getpid(), userID: getuid(), groupID: getgid())

    func connect(_ context: TransportContext) async throws -> any ByteStream {
        let name = context.host ?? ""
        guard let listener = listeners.withLock({ $0[name] }) else {
            throw PatchbayError(
                .noSuchSocket,
                "nobody listens on inproc://\(name) in this process and registry; start the listener, or check the name",
                stage: .dial,
                layer: "inproc"
            )
        }
        return try listener.dial(from: context.reactor, credentials: Self.credentials)
    }

    func listen(_ context: TransportContext) async throws -> any StreamListener {
        let name = context.host ?? ""
        let listener = InProcessListener(name: name, backlog: context.options.integer("backlog") ?? 4096) { [weak self] listener in
            self?.listeners.withLock { if $0[name] === listener { $0[name] = nil } }
        }
        let isFree = listeners.withLock { listeners in
            guard listeners[name] == nil else { return false }
            listeners[name] = listener
            return true
        }
        guard isFree else {
            throw PatchbayError(
                .addressInUse,
                "somebody listens on inproc://\(name) already; choose another name",
                stage: .listen,
                layer: "inproc"
            )
        }
        return listener
    }
}

/// A name that somebody listens on.
final class InProcessListener: StreamListener {
    private struct State {
        /// The accepting ends of pairs that were dialled and not accepted.
        var waiting: [MemoryStream] = []
        var closed = false
        var accepting: UnsafeContinuation<Void, Never>?
    }

    private let name: String
    private let backlog: Int
    private let onClose: @Sendable (InProcessListener) -> Void
    private let state = Locked(State())

    init(name: String, backlog: Int, onClose: @escaping @Sendable (InProcessListener) -> Void) {
        self.name = name
        self.backlog = backlog
        self.onClose = onClose
    }

    var boundTarget: String { name }
    var address: Address? { nil }

    func dial(from reactor: Reactor, credentials: PeerCredentials) throws -> MemoryStream {
        // Both ends on one reactor: a message between them is no hop between threads.
        let (near, far) = MemoryStream.pair(reactor, reactor, credentials: credentials)
        let (accepted, accepting) = state.withLock { state -> (Bool, UnsafeContinuation<Void, Never>?) in
            guard !state.closed, state.waiting.count < backlog else { return (false, nil) }
            state.waiting.append(far)
            return (true, state.accepting.take())
        }
        guard accepted else {
            throw PatchbayError(
                .connectionRefused,
                "inproc://\(name) does not accept: it is closed, or its backlog of \(backlog) is full",
                stage: .dial,
                layer: "inproc"
            )
        }
        accepting?.resume()
        return near
    }

    func accept(_ home: @Sendable () -> Reactor) async throws -> (any ByteStream)? {
        while true {
            let (stream, closed) = state.withLock { state -> (MemoryStream?, Bool) in
                if state.closed { return (nil, true) }
                return (state.waiting.isEmpty ? nil : state.waiting.removeFirst(), false)
            }
            if closed { return nil }
            if let stream { return stream }
            await withTaskCancellationHandler {
                await withUnsafeContinuation { continuation in
                    let goOn = state.withLock { state in
                        if state.closed || !state.waiting.isEmpty || state.accepting != nil { return true }
                        state.accepting = continuation
                        return false
                    }
                    if goOn { continuation.resume() }
                }
            } onCancel: {
                close()
            }
        }
    }

    func close() {
        let (accepting, abandoned) = state.withLock { state -> (UnsafeContinuation<Void, Never>?, [MemoryStream]) in
            state.closed = true
            defer { state.waiting = [] }
            return (state.accepting.take(), state.waiting)
        }
        accepting?.resume()
        for stream in abandoned { stream.close(abort: true) }
        onClose(self)
    }

    deinit { close() }
}
