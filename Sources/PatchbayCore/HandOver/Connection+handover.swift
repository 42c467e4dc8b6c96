internal import NIOCore
public import PatchbayIO
internal import Synchronization

extension Connection {
    /// Hands this connection over to the process at the other end of `carrier`, which calls ``takeOver(from:registry:reactors:)``.
    ///
    /// The peer notices nothing. All that came and was not received goes along, a part of a message too, and so does what the peer did not
    /// take yet; what is known of the peer; and the stack, without secrets. Here the connection is closed, and calls that wait throw `closed`.
    /// - Parameter carrier: has `descriptors=true`, and nobody else sends through it meanwhile.
    /// - Throws: ``PatchbayError`` with `unsupported` for what stays in its process: a stack that seals or processes the stream, such as `noise`,
    ///   `tls` or `hmac`, a layer with a secret, a medium without a socket; `limitExceeded` for more than four times the carrier's
    ///   `max-message`; `closed`. This connection then goes on. What the carrier throws, as ``send(bytes:)``, and `CancellationError`
    ///   end it: it was given up already.
    public nonisolated(nonsending) func handOver(to carrier: Connection) async throws {
        guard carrier !== self else {
            throw PatchbayError(.invalidArgument, "a connection cannot be handed over through itself", stage: .send)
        }
        try carrier.link.checkCarries()
        try Task.checkCancellation()
        let peer = peer
        let handed = try link.giveUp(limit: Self.largestState(carrier))
        link.stage.store(State.closed.stage, ordering: .relaxed)
        var state = handed.state
        state.tell(of: peer)
        var rest = state.encoded()
        let piece = carrier.link.pieceBytes
        while rest.readableBytes > 0, let next = rest.readSlice(length: min(piece, rest.readableBytes)) {
            try await carrier.send(bytes: next)
        }
        try await carrier.sendDescriptor(handed.socket.number)
        if let descriptor = handed.descriptor { try await carrier.sendDescriptor(descriptor.number) }
    }

    /// The connection that the process at the other end of `carrier` hands over next; nil once that process has ended in order.
    ///
    /// It goes on where it was: its first message is the one that was not received there. Its ``stack`` has no authenticator, and nothing is
    /// exchanged anew. Who it is that hands over, the carrier's authenticator must tell: what comes is believed.
    /// - Parameters:
    ///   - carrier: has `descriptors=true`, and nobody else receives from it meanwhile.
    ///   - registry: has the plugins of the connection's codec, processors and framing.
    ///   - reactors: where the connection lives.
    /// - Throws: ``PatchbayError`` with `protocolViolation` for anything but a connection; `limitExceeded` for more than four times the carrier's
    ///   `max-message`; `truncated`; what resolving the stack throws; and as ``receiveDescriptor(timeout:)``.
    public nonisolated(nonsending) static func takeOver(
        from carrier: Connection,
        registry: Registry,
        reactors: ReactorGroup = .shared
    ) async throws -> Connection? {
        guard carrier.link.settings.takesDescriptors else { throw DescriptorInbox.unsupported(.notAsked, stage: .receive) }
        guard let state = try await receiveState(from: carrier) else { return nil }
        let socket = try await descriptor(from: carrier)
        var other: OwnedDescriptor?
        if state.descriptorPlace != nil { other = try await descriptor(from: carrier) }
        let stack = try registry.stack(handedOver: state.stack)
        let stream: SocketStream
        do {
            stream = try reactors.currentOrNext().stream(adopting: socket)
        } catch {
            throw PatchbayError(.notASocket, "what was handed over is no connected stream socket", stage: .receive, cause: error)
        }
        let link = try Link(stream: stream, settings: ConnectionSettings(stack))
        try link.resume(state, other)
        let offer = PeerOffer(identity: state.identity, user: state.user, data: state.data, peer: stream.peer)
        let connection = Connection(link: link, offer: offer)
        if state.hasFinished { link.stage.store(State.finishing.stage, ordering: .relaxed) }
        return connection
    }

    private nonisolated(nonsending) static func receiveState(from carrier: Connection) async throws -> HandedState? {
        guard var whole = try await carrier.receiveBytes() else { return nil }
        let limit = largestState(carrier)
        while true {
            if let count = try HandedState.count(whole, limit: limit), whole.readableBytes >= HandedState.headBytes + count {
                whole.moveReaderIndex(forwardBy: HandedState.headBytes)
                return try HandedState(whole)
            }
            guard let more = try await carrier.receiveBytes() else { throw cutShort() }
            guard more.readableBytes > 0 else { throw HandedState.malformed("has an empty piece") }
            whole.writeImmutableBuffer(more)
        }
    }

    private nonisolated(nonsending) static func descriptor(from carrier: Connection) async throws -> OwnedDescriptor {
        guard let descriptor = try await carrier.receiveDescriptor() else { throw cutShort() }
        return descriptor
    }

    private static func cutShort() -> PatchbayError {
        PatchbayError(.truncated, "the other process ended while it handed a connection over", stage: .receive)
    }

    /// Room for what a connection of the same limits holds: a message that is not whole, messages of its processors, and two that wait to leave.
    private static func largestState(_ carrier: Connection) -> Int { 4 * carrier.link.settings.maximumMessageBytes + (1 << 20) }
}

extension Link {
    /// - Throws: ``PatchbayError`` where descriptors cannot be sent or received here.
    func checkCarries() throws {
        guard settings.takesDescriptors else { throw DescriptorInbox.unsupported(.notAsked, stage: .send) }
        try writeSide.withLock { side throws in
            if let failure = side.failure { throw failure }
            if side.finished { throw Self.closedForSending() }
        }
    }

    /// What one message may have at the peer, in bytes, after processors made more of it; small enough to share the carrier.
    var pieceBytes: Int {
        let largest = writeSide.withLock { $0.largestForPeer }
        return max(min(65_536, largest / 2, settings.maximumMessageBytes / 2), 1)
    }
}

extension HandedState {
    mutating func tell(of peer: Peer) {
        identity = peer.identity
        user = peer.user
        data = peer.data
    }
}
