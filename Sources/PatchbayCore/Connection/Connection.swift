public import PatchbayIO
internal import Synchronization

/// Messages and values to and from one peer.
///
/// Any task may call it. Sends are taken whole, one after the other, and so are receives. Nothing is dropped: a send
/// suspends while a slow peer has more than the high-water mark before it, and a slow receiver makes the peer wait.
/// A cancelled or timed-out call has sent nothing and lost nothing, and the connection goes on.
///
/// When the last reference goes, what was sent is handed to the system as far as it takes it, and the stream is closed;
/// ``close()`` waits until the system has all of it.
public final class Connection: Sendable {
    let link: Link
    /// What was learned of the peer; nil until somebody asks, where that is no more than the system knows.
    private let known: Locked<KnownPeer?>

    /// A reference: most connections are never asked.
    private final class KnownPeer: Sendable {
        let peer: Peer

        init(_ peer: Peer) { self.peer = peer }
    }

    /// The life of a connection.
    public enum State: String, Sendable, Hashable {
        /// Both directions work.
        case open
        /// This end has ended its direction; receiving goes on.
        case finishing
        /// Over.
        case closed

        /// As a connection keeps it, in a byte.
        var stage: UInt8 {
            switch self {
            case .open: 0
            case .finishing: 1
            case .closed: 2
            }
        }

        init(stage: UInt8) {
            switch stage {
            case 0: self = .open
            case 1: self = .finishing
            default: self = .closed
            }
        }
    }

    /// - Parameter offer: what an opening learned of the peer; nil where there was none.
    init(link: Link, offer: PeerOffer? = nil) {
        self.link = link
        var initial: KnownPeer?
        // Only what the system does not know is kept from the start.
        if let offer, offer.isTelling {
            initial = KnownPeer(
                Peer(
                    address: offer.peer.address,
                    number: Peer.nextNumber(),
                    identity: offer.identity,
                    user: offer.user,
                    data: offer.data,
                    credentials: offer.peer.credentials
                )
            )
        }
        known = Locked(initial)
    }

    deinit { link.drop() }

    /// The reactor that this connection lives on.
    public var reactor: Reactor { link.stream.reactor }

    /// What turns values into messages.
    public var codec: any Codec { link.settings.codec }

    /// The plan that this connection was made from; nil for pipes.
    public var stack: Stack? { link.settings.stack }

    /// What a route over this connection costs: the URL's `cost`, else the transport's.
    public var cost: Int { link.settings.cost }

    public var state: State { State(stage: link.stage.load(ordering: .relaxed)) }

    /// Whom this connection leads to.
    public var peer: Peer {
        if let known = known.withLock({ $0 }) { return known.peer }
        // Asked of the system only now: most applications never ask.
        let seen = link.stream.peer
        return known.withLock { known in
            if let known { return known.peer }
            let peer = Peer(address: seen.address, number: Peer.nextNumber(), credentials: seen.credentials)
            known = KnownPeer(peer)
            return peer
        }
    }

    /// The stream's descriptor, for those who wait on many; it stays the connection's. Nil where there is none.
    public var descriptor: CInt? { link.stream.descriptor }
}

/// The other end of a connection.
public struct Peer: Sendable, Hashable {
    /// Where the peer is, as the system sees it.
    public var address: Address?
    /// A number that no other connection of this process has.
    public var number: UInt64
    /// Who the peer proved to be, where the authenticator tells.
    public var identity: String?
    /// The user that the peer named.
    public var user: String?
    /// What the peer sent along with its greeting.
    public var data: HandshakeData
    /// The peer process as the kernel vouches for it: Unix sockets only.
    public var credentials: PeerCredentials?

    public init(
        address: Address? = nil,
        number: UInt64 = 0,
        identity: String? = nil,
        user: String? = nil,
        data: HandshakeData = HandshakeData(),
        credentials: PeerCredentials? = nil
    ) {
        self.address = address
        self.number = number
        self.identity = identity
        self.user = user
        self.data = data
        self.credentials = credentials
    }

    private static let counter = Atomic<UInt64>(0)

    /// The next number.
    static func nextNumber() -> UInt64 { counter.wrappingAdd(1, ordering: .relaxed).newValue }
}
