/// One thing that a URL can name, with what the registry must know of it.
public struct Layer: Sendable {
    /// What the name is for, with the way to make it from checked options.
    public enum Maker: Sendable {
        case codec(@Sendable (Options) throws -> any Codec)
        case processor(positions: Set<ProcessorPosition>, @Sendable (Options) throws -> any Processor)
        case framing(@Sendable (Options) throws -> any Framing)
        case authenticator(AuthenticatorTraits, @Sendable (Options) throws -> any Authenticator)
        case transport(TransportTraits, any Transport)
    }

    /// `[a-z][a-z0-9-]*`.
    public var name: String
    /// One line.
    public var summary: String
    public var options: [OptionSpecification]
    /// Whole URLs for `inspect`.
    public var examples: [String]
    public var maker: Maker

    public init(name: String, summary: String, options: [OptionSpecification] = [], examples: [String] = [], maker: Maker) {
        self.name = name
        self.summary = summary
        self.options = options
        self.examples = examples
        self.maker = maker
    }

    public var kind: LayerKind {
        switch maker {
        case .codec: .codec
        case .processor: .processor
        case .framing: .framing
        case .authenticator: .authenticator
        case .transport: .transport
        }
    }
}

/// What a layer is for.
public enum LayerKind: String, Sendable, Hashable, CaseIterable {
    case codec, processor, framing, authenticator, transport
}

/// Where a processor can stand.
public enum ProcessorPosition: String, Sendable, Hashable, CaseIterable {
    /// Above the framing.
    case message
    /// Below the framing.
    case stream
}

/// What resolution must know of an authenticator.
public struct AuthenticatorTraits: Sendable {
    /// Where its messages travel.
    public enum Medium: String, Sendable, Hashable {
        /// On the bare stream, before anything else: the greeting, or the first message of a bare stack, goes through what it
        /// leaves. It must encrypt.
        case stream
        /// In AUTH frames of the greeting.
        case greeting
        /// In frames of the stack's own framing, before the first message: for systems without a greeting.
        case framing
        /// Nowhere: it asks the transport.
        case none
    }

    public var medium: Medium
    /// It leaves integrity or encryption on the stream (a securing layer), beyond telling who the peer is.
    public var secures: Bool
    /// It hides every byte from those who listen in: what ``revealsSecret`` may stand above. Implies ``secures``.
    public var encrypts: Bool
    /// It sends a secret as it is: over a network it needs an encrypting layer below it, or `insecure`.
    public var revealsSecret: Bool
    /// It protects the handshake alone: over a network other than loopback it needs `insecure`.
    public var leavesStreamOpen: Bool
    /// The option that the URL's password fills; nil where it takes none.
    public var passwordOption: String?
    /// Transports it works over; nil for all.
    public var transports: Set<String>?

    public init(
        medium: Medium,
        secures: Bool = false,
        revealsSecret: Bool = false,
        leavesStreamOpen: Bool = false,
        passwordOption: String? = nil,
        transports: Set<String>? = nil,
        encrypts: Bool = false
    ) {
        self.medium = medium
        self.secures = secures || encrypts
        self.encrypts = encrypts
        self.revealsSecret = revealsSecret
        self.leavesStreamOpen = leavesStreamOpen
        self.passwordOption = passwordOption
        self.transports = transports
    }
}

/// What resolution must know of a transport.
public struct TransportTraits: Sendable {
    /// The shape of what stands behind `://`.
    public enum Target: String, Sendable, Hashable {
        /// `host:port`.
        case hostAndPort
        /// `host:port/path`, each part of which the transport checks for itself.
        case hostPortAndPath
        /// An absolute path, after three slashes.
        case path
        /// One name.
        case name
        /// A path, with the program's arguments as options.
        case program
        /// Nothing.
        case none
    }

    public var target: Target
    /// Its bytes leave this machine, unless the host is loopback.
    public var crossesNetwork: Bool
    /// Its bytes pass through a machine that is neither end: what travels must be encrypted, or the URL says `insecure`.
    public var passesOthers: Bool
    /// The option that holds the URL of a transport that carries this one; nil where there is none.
    public var carrierOption: String?
    /// The connection's default cost.
    public var cost: Int
    public var connects: Bool
    public var listens: Bool

    public init(
        target: Target,
        crossesNetwork: Bool,
        cost: Int,
        connects: Bool = true,
        listens: Bool = true,
        passesOthers: Bool = false,
        carrierOption: String? = nil
    ) {
        self.target = target
        self.carrierOption = carrierOption
        self.passesOthers = passesOthers
        self.crossesNetwork = crossesNetwork
        self.cost = cost
        self.connects = connects
        self.listens = listens
    }
}
