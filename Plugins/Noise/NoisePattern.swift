/// The handshake patterns of the Noise Protocol Framework, revision 34, that the layer speaks.
enum NoisePattern: String, Sendable, CaseIterable {
    /// Both ends hold one key.
    case nnpsk0
    /// Each end has a key pair, and tells its public key in the handshake, sealed.
    case xx
    /// Each end has a key pair, and the dialer knows the listener's public key.
    case ik

    /// What a message does, in order.
    enum Token: Sendable {
        case e, s, ee, es, se, ss, psk
    }

    /// As in a protocol's name.
    var noiseName: String {
        switch self {
        case .nnpsk0: "NNpsk0"
        case .xx: "XX"
        case .ik: "IK"
        }
    }

    /// The dialer sends the first, the listener the second.
    var messages: [[Token]] {
        switch self {
        case .nnpsk0: [[.psk, .e], [.e, .ee]]
        case .xx: [[.e], [.e, .ee, .s, .es], [.s, .se]]
        case .ik: [[.e, .es, .s, .ss], [.e, .ee, .se]]
        }
    }

    /// The ends have key pairs of their own.
    var hasStaticKeys: Bool { self != .nnpsk0 }
    var hasSharedKey: Bool { self == .nnpsk0 }
    /// The dialer must know the listener's public key before it starts.
    var knowsListener: Bool { self == .ik }
}
