internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// A name at a relay: registered, kept, and registered again after any fault; each call comes on a connection of its own.
final class RelayListener: StreamListener {
    private let target: RelayTarget
    private let inbox: StreamInbox
    private let keeping: Locked<Task<Void, Never>?>

    init(_ keeper: RelayKeeper, _ registration: RelayRegistration) {
        target = keeper.target
        inbox = keeper.inbox
        // Not structured: it lives as long as the listener, and does not keep it alive.
        keeping = Locked(Task(executorPreference: keeper.reactor) { await keeper.run(registration) })
    }

    deinit { close() }

    var boundTarget: String {
        switch target.ways.first {
        case .tcp(let host, let port): "\(host.contains(":") ? "[\(host)]" : host):\(port)/\(target.name)"
        case .carrier, nil: "/\(target.name)"
        }
    }

    var address: Address? { nil }

    func accept(_ home: @Sendable () -> Reactor) async throws -> (any ByteStream)? {
        let taken = await withTaskCancellationHandler {
            await inbox.take()
        } onCancel: {
            close()
        }
        guard let item = taken else { return nil }
        let call = try item.get()
        var stream = call.stream
        let home = home()
        // Dialled where the listener lives; its connection may live elsewhere.
        if home !== stream.reactor, let socket = stream as? SocketStream, let moved = socket.moved(to: home) { stream = moved }
        return RelayedStream(stream, realm: call.realm, name: target.name, circuit: call.circuit)
    }

    func close() {
        keeping.withLock { $0.take() }?.cancel()
        inbox.close()
    }
}
