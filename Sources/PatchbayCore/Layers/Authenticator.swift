public import NIOCore
public import PatchbayIO

/// Which side of a connection this is.
public enum Role: String, Sendable, Hashable {
    /// The one that dialled.
    case dialer
    /// The one that listened.
    case listener
}

/// Proves to each end who the other is.
///
/// A value that knows its options; one handshake's state is in what it makes.
public protocol Authenticator: Sendable {
    /// This authenticator for one end of one URL. Called once, when the URL is resolved, so that what this end lacks, such as a
    /// certificate, is found before anything is dialled or bound.
    /// - Throws: ``PatchbayError`` at stage `resolve`.
    func fitted(to end: AuthenticatorEnd) throws -> any Authenticator

    /// - Throws: ``PatchbayError`` where this handshake cannot start, such as for a key that is missing.
    func makeHandshake(_ context: HandshakeContext) throws -> any Handshake

    /// False where, with these options, the peer may be anybody: no secret may be revealed to it.
    var provesPeer: Bool { get }
}

extension Authenticator {
    public var provesPeer: Bool { true }
}

extension Authenticator {
    public func fitted(to end: AuthenticatorEnd) throws -> any Authenticator { self }
}

/// The end that an authenticator is made for.
public struct AuthenticatorEnd: Sendable {
    public var role: Role
    /// The host that the URL dials or binds; nil where what stands behind `://` is no `host:port`: then it is not the peer's name.
    public var host: String?
    /// The URL accepts a stack that others can read or change.
    public var isInsecure: Bool

    public init(role: Role, host: String? = nil, isInsecure: Bool = false) {
        self.role = role
        self.host = host
        self.isInsecure = isInsecure
    }
}

/// What a handshake may know when it starts.
public struct HandshakeContext: Sendable {
    public var role: Role
    /// All bytes of the greeting so far, both directions, in the order of docs/wire.md; empty without a greeting.
    public var transcript: ByteBuffer
    /// The peer as the transport sees it.
    public var peer: StreamPeer
    /// The user that the dialer presents, at both ends; nil where it names none, or where it is not known yet: below a securing
    /// layer it comes sealed, once that layer is done.
    public var user: String?

    public init(role: Role, transcript: ByteBuffer = ByteBuffer(), peer: StreamPeer = StreamPeer(), user: String? = nil) {
        self.role = role
        self.transcript = transcript
        self.peer = peer
        self.user = user
    }
}

extension HandshakeContext {
    /// A greeting holds a nonce of 32 bytes from each end; less than that binds a proof to nothing.
    private static let shortestTranscript = 2 * GreetingNonce.bytes

    /// The transcript, for a proof that is bound to it.
    /// - Throws: ``PatchbayError`` with `unsupported` where there was no greeting.
    package func transcript(for layer: String) throws(PatchbayError) -> ByteBuffer {
        guard transcript.readableBytes >= Self.shortestTranscript else {
            throw PatchbayError(
                .unsupported,
                "\(layer) needs the greeting, whose nonces make each proof fresh; remove `bare` from the stack",
                stage: .authenticate,
                layer: layer
            )
        }
        return transcript
    }
}

/// One end of one authentication: a pure state machine, without I/O, clocks or waiting.
public protocol Handshake: Sendable {
    /// Moves on.
    /// - Parameter input: what the last step asked for; ``HandshakeInput/start`` at first.
    /// - Throws: ``PatchbayError`` with `authenticationFailed` or `protocolViolation`. Before it ends the connection, the
    ///   caller sends what ``parting`` holds.
    mutating func step(_ input: HandshakeInput) throws -> HandshakeStep

    /// What to tell the peer after ``step(_:)`` threw, where the authenticator's own protocol has words for that.
    ///
    /// Sent where its messages travel in the stack's framing, or on the bare stream; the greeting has an ERROR frame of its own.
    var parting: ByteBuffer? { get }
}

extension Handshake {
    public var parting: ByteBuffer? { nil }
}

/// What a handshake gets.
public enum HandshakeInput: Sendable {
    case start
    /// One message of the peer: a frame of the stack's framing, or an AUTH frame of the greeting. On the bare stream all bytes
    /// that came, at least one: the handshake keeps what it does not use, and its transform's opener gives what follows of it.
    case message(ByteBuffer)
    /// The verdict of the work that was asked for.
    case verdict(Bool)
}

/// What a handshake wants next.
public struct HandshakeStep: Sendable {
    public enum Next: Sendable {
        /// One more message of the peer.
        case receive
        /// Work that must not hold the reactor, such as scrypt; its result comes back as ``HandshakeInput/verdict(_:)``.
        case perform(@Sendable () async throws -> Bool)
        /// The peer is who it should be.
        case done(HandshakeResult)
    }

    /// Messages to send first.
    public var output: [ByteBuffer]
    public var next: Next

    public init(output: [ByteBuffer] = [], next: Next) {
        self.output = output
        self.next = next
    }
}

/// What an authentication leaves behind.
public struct HandshakeResult: Sendable {
    /// Who the peer proved to be, where the method tells, such as a user's name.
    public var identity: String?
    /// HMAC-SHA256, over the bytes it is given, under a secret that both ends share, nobody else knows and no other handshake
    /// repeats; nil where the method gives none.
    ///
    /// The greeting confirms all its bytes with it, under a label of its own, so that the core needs no cryptography.
    public var exportedMAC: (@Sendable (ByteBuffer) -> ByteBuffer)?
    /// What every byte passes from now on, such as a MAC on each record.
    public var transform: (any StreamTransform)?

    public init(
        identity: String? = nil,
        exportedMAC: (@Sendable (ByteBuffer) -> ByteBuffer)? = nil,
        transform: (any StreamTransform)? = nil
    ) {
        self.identity = identity
        self.exportedMAC = exportedMAC
        self.transform = transform
    }
}
