internal import Crypto
internal import FoundationEssentials
internal import NIOCore
internal import PatchbayCore

/// The layer `noise`: what it knows from the URL.
struct NoiseAuthenticator: Authenticator {
    static let layer = "noise"
    private static let sharedKeyLabel = "patchbay noise 1 key"

    /// Whom the other end may be.
    enum Peers: Sendable {
        case any
        case these(Set<[UInt8]>)
    }

    let pattern: NoisePattern
    let cipher: NoiseCipher
    private let keys: HandshakeState.Keys
    private let peers: Peers

    init(pattern: NoisePattern, cipher: NoiseCipher, key: ByteBuffer?, privateKey: ByteBuffer?, peers: [String]) throws {
        self.pattern = pattern
        self.cipher = cipher
        var keys = HandshakeState.Keys()
        if pattern.hasSharedKey {
            guard privateKey == nil, peers.isEmpty else {
                throw Self.error(.invalidOption, "private-key and peer go with pattern=xx or pattern=ik; nnpsk0 has one shared key")
            }
            keys.shared = try Self.sharedKey(key)
            self.peers = .any
        } else {
            guard key == nil else {
                throw Self.error(.invalidOption, "pattern=\(pattern.rawValue) takes no shared key; leave key out, or say pattern=nnpsk0")
            }
            guard let privateKey else {
                throw Self.error(
                    .missingOption,
                    "pattern=\(pattern.rawValue) needs this end's own key: give private-key-file= or private-key-env=; `patchbay key --pair` makes one"
                )
            }
            keys.own = try NoiseKeyPair(privateText: String(buffer: privateKey)).key
            self.peers = try Self.peers(peers)
        }
        self.keys = keys
    }

    var provesPeer: Bool {
        if case .any = peers { pattern.hasSharedKey } else { true }
    }

    func makeHandshake(_ context: HandshakeContext) throws -> any Handshake {
        let transcript = try context.transcript(for: Self.layer)
        var keys = keys
        if pattern.knowsListener, context.role == .dialer {
            guard case .these(let known) = peers, known.count == 1, let listener = known.first else {
                throw PatchbayError(
                    .missingOption,
                    "with pattern=ik a dialer knows the listener: give its public key, and no other, as peer=",
                    stage: .authenticate,
                    layer: Self.layer
                )
            }
            keys.remote = try HandshakeState.PublicKey(rawRepresentation: listener)
        }
        return try NoiseHandshake(
            state: HandshakeState(
                pattern,
                cipher,
                isInitiator: context.role == .dialer,
                prologue: transcript.readableBytesView,
                keys: keys
            ),
            role: context.role,
            peers: peers
        )
    }

    /// 32 bytes of a key of any length: the text that `patchbay key` prints is itself the key, as for `hmac`.
    private static func sharedKey(_ key: ByteBuffer?) throws -> SymmetricKey {
        let key = try SharedKey.checked(key, layer: layer)
        var code = HMAC<SHA256>(key: SymmetricKey(data: Array(sharedKeyLabel.utf8)))
        code.update(data: Array(key.readableBytesView))
        return SymmetricKey(data: Array(code.finalize()))
    }

    private static func peers(_ texts: [String]) throws -> Peers {
        guard !texts.isEmpty else {
            throw error(.missingOption, "whom may the other end be? Give its public key as peer=, once for each, or peer=any")
        }
        guard texts != ["any"] else { return .any }
        var keys: Set<[UInt8]> = []
        for text in texts {
            guard let bytes = KeyText.bytes(text) else {
                throw error(
                    .invalidOption,
                    "'\(text)' is no public key, which has 43 characters of A-Z a-z 0-9 - _; `patchbay key --public FILE` prints a private key's"
                )
            }
            keys.insert(bytes)
        }
        return .these(keys)
    }

    private static func error(_ code: PatchbayError.Code, _ message: String) -> PatchbayError {
        PatchbayError(code, message, stage: .resolve, layer: layer)
    }
}
