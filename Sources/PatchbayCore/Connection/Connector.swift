internal import NIOCore
internal import PatchbayIO

/// Makes connections of stacks and streams.
///
/// A reference: a stack is large, and each task that makes a connection would carry a copy.
final class Connector: Sendable {
    let stack: Stack
    let role: Role
    private let settings: ConnectionSettings

    init(stack: Stack, role: Role) {
        self.stack = stack
        self.role = role
        settings = ConnectionSettings(stack)
    }

    /// Dials, authenticates, and gives a connection that is up.
    nonisolated(nonsending) func connect(_ reactor: Reactor) async throws -> Connection {
        let timeout = stack.connection.timeout
        let start = reactor.now
        let stream = try await stack.transport.connect(stack.transportContext(on: reactor))
        let link = try makeLink(stream)
        guard stack.needsOpening else { return Connection(link: link) }
        let now = reactor.now
        let elapsed = Duration.nanoseconds(Int64(clamping: now > start ? now - start : 0))
        let remaining = timeout.map { max($0 - elapsed, .zero) }
        return try await open(link, timeout: [remaining, stack.connection.handshakeTimeout].compactMap { $0 }.min(), admit: nil)
    }

    func makeLink(_ stream: any ByteStream) throws -> Link {
        let link = try Link(stream: stream, settings: settings)
        if !stack.needsOpening { try link.start(OpeningResult(offer: PeerOffer())) }
        return link
    }

    /// Exchanges what the stack demands before the first message; on a throw the dialer's link is closed.
    nonisolated(nonsending) func open(
        _ link: Link,
        timeout: Duration?,
        admit: (@Sendable (PeerOffer) async throws -> Admission)?
    ) async throws -> Connection {
        do {
            let deadline = link.deadlineAfter(timeout)
            let peer = link.stream.peer
            let offer: PeerOffer
            var random = SystemRandomNumberGenerator()
            var secured: OpeningResult?
            if let underlying = stack.underlying { secured = try await secure(link, underlying, deadline: deadline) }
            if stack.isBare {
                var opening = BareHandshake(
                    role: role,
                    framing: stack.framing,
                    authenticator: stack.authenticators.first { $0.traits.medium != .stream }?.authenticator,
                    user: stack.user,
                    peer: peer,
                    over: secured
                )
                offer = try await link.open(&opening, deadline: deadline, admit: admit)
            } else {
                var opening = Greeting(
                    role: role,
                    stack: stack.wireText,
                    nonce: GreetingNonce(using: &random),
                    user: stack.user,
                    data: stack.handshakeData,
                    securing: stack.securing,
                    identity: stack.identity,
                    peer: peer,
                    limits: OpeningLimits(largestMessage: stack.connection.maxMessage),
                    over: secured
                )
                offer = try await link.open(&opening, deadline: deadline, admit: admit)
            }
            return Connection(link: link, offer: offer)
        } catch {
            // A listener first tells of the peer, which a closed stream does not know.
            if role == .dialer { link.drop() }
            throw error
        }
    }

    // Apart, and not inlined: the tasks of connections without such a layer need no room for it.
    @inline(never)
    private nonisolated(nonsending) func secure(
        _ link: Link,
        _ authenticator: any Authenticator,
        deadline: UInt64
    ) async throws -> OpeningResult {
        var opening = StreamHandshake(role: role, authenticator: authenticator, peer: link.stream.peer)
        return try await link.conduct(&opening, deadline: deadline, admit: nil)
    }
}
