internal import NIOCore
package import PatchbayCore

/// What a relay and its clients say to each other (docs/relay.md), before bytes of others pass between two of them.
package enum RelayMessage: Sendable, Equatable {
    /// The relay, at once: what the client's proof must cover.
    case challenge(nonce: [UInt8], realm: String)
    /// A listener: it takes calls for a name.
    case listen(name: String, generation: UInt64, instance: [UInt8], access: RelayAccess)
    /// A dialer: it wants to be led to a name.
    case dial(name: String, access: RelayAccess)
    /// A listener, on a connection of its own: it takes this call.
    case accept(circuit: [UInt8])
    /// The relay: the name is registered, for so many milliseconds behind the last word; or bytes pass from here on.
    case ready(circuit: [UInt8]?, lease: UInt32?, proof: [UInt8]?)
    /// The relay, to a listener: somebody dials its name.
    case incoming(circuit: [UInt8], caller: String)
    /// Either: the sender closes behind it.
    case failure(code: PatchbayError.Code, message: String)
    /// The relay: what the client should know, such as that a limit is near; `after`: milliseconds.
    case notice(code: PatchbayError.Code, message: String, after: UInt32?)
    case ping
    case pong
    /// A listener: it takes no more calls.
    case withdraw
}

/// What opens a relay to a client: a key's name, a nonce of the client's, and the proof that it holds the key. The nonce goes along without a key, too.
package struct RelayAccess: Sendable, Equatable {
    package static let nonceBytes = 32
    package static let proofBytes = 32

    package var keyID: String?
    /// 32 bytes.
    package var nonce: [UInt8]
    /// 32 bytes; nil without a key.
    package var proof: [UInt8]?

    package init(keyID: String? = nil, nonce: [UInt8], proof: [UInt8]? = nil) {
        self.keyID = keyID
        self.nonce = nonce
        self.proof = proof
    }
}

extension RelayMessage {
    package static let circuitBytes = 16
    package static let instanceBytes = 16
    /// The largest frame behind its length, in bytes.
    package static let largest = 1024
    /// The longest name, key name and realm, in bytes of UTF-8.
    package static let longestName = 255

    enum Kind: UInt8 {
        case challenge = 1
        case listen, dial, accept, ready, incoming, failure, notice, ping, pong, withdraw
    }

    enum Field: UInt8, FieldKind {
        case name = 1
        case generation, instance, keyID, nonce, circuit, realm, caller, lease, after
        case code = 16
        case message
        /// The highest that a reader may skip, so that nothing stands behind it: it covers all that stands before it.
        case proof = 127

        static var place: String { "relay" }
        var mayRepeat: Bool { false }
    }

    var kind: Kind {
        switch self {
        case .challenge: .challenge
        case .listen: .listen
        case .dial: .dial
        case .accept: .accept
        case .ready: .ready
        case .incoming: .incoming
        case .failure: .failure
        case .notice: .notice
        case .ping: .ping
        case .pong: .pong
        case .withdraw: .withdraw
        }
    }

    /// The proof that it carries.
    var proof: [UInt8]? {
        switch self {
        case .listen(_, _, _, let access), .dial(_, let access): access.proof
        case .ready(_, _, let proof): proof
        default: nil
        }
    }
}
