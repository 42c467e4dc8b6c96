internal import Crypto

/// One end of a handshake, as the framework describes it (section 5.3), without anything of Patchbay's.
struct HandshakeState: Sendable {
    typealias PrivateKey = Curve25519.KeyAgreement.PrivateKey
    typealias PublicKey = Curve25519.KeyAgreement.PublicKey

    /// What an end brings along.
    struct Keys: Sendable {
        /// 32 bytes.
        var shared: SymmetricKey?
        var own: PrivateKey?
        /// The other end's, where it is known before.
        var remote: PublicKey?
        /// New for each handshake.
        var makeEphemeral: @Sendable () -> PrivateKey = { PrivateKey() }
    }

    private static let keyBytes = 32

    private let isInitiator: Bool
    private let messages: [[NoisePattern.Token]]
    private let hasSharedKey: Bool
    private let keys: Keys
    private var ephemeral: PrivateKey?
    private(set) var remoteStatic: PublicKey?
    private var remoteEphemeral: PublicKey?
    private var symmetric: SymmetricState
    private var next = 0

    init(_ pattern: NoisePattern, _ cipher: NoiseCipher, isInitiator: Bool, prologue: some Sequence<UInt8>, keys: Keys) throws {
        self.isInitiator = isInitiator
        self.keys = keys
        messages = pattern.messages
        hasSharedKey = pattern.hasSharedKey
        symmetric = SymmetricState(protocolName: "Noise_\(pattern.noiseName)_25519_\(cipher.noiseName)_SHA256", cipher: cipher)
        symmetric.mixHash(prologue)
        guard pattern.knowsListener else { return }
        if isInitiator { remoteStatic = keys.remote }
        guard let listener = isInitiator ? keys.remote : keys.own?.publicKey else { throw NoiseFailure.malformed }
        symmetric.mixHash(listener.rawRepresentation)
    }

    var isDone: Bool { next == messages.count }
    /// The next message is this end's.
    var speaks: Bool { !isDone && (next % 2 == 0) == isInitiator }

    /// The next message, with that payload.
    mutating func write(_ payload: [UInt8] = []) throws -> [UInt8] {
        guard speaks else { throw NoiseFailure.malformed }
        var message: [UInt8] = []
        for token in messages[next] {
            switch token {
            case .e:
                let key = keys.makeEphemeral()
                ephemeral = key
                message += key.publicKey.rawRepresentation
                took(ephemeral: key.publicKey)
            case .s:
                guard let own = keys.own else { throw NoiseFailure.malformed }
                message += try symmetric.sealAndHash(Array(own.publicKey.rawRepresentation))
            default: try mix(token)
            }
        }
        message += try symmetric.sealAndHash(payload)
        next += 1
        return message
    }

    /// Takes the other end's next message.
    /// - Returns: its payload.
    /// - Throws: after which the handshake is over.
    mutating func read(_ message: [UInt8]) throws -> [UInt8] {
        guard !isDone, !speaks else { throw NoiseFailure.malformed }
        var rest = message[...]
        func take(_ count: Int) throws -> ArraySlice<UInt8> {
            guard rest.count >= count else { throw NoiseFailure.malformed }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        for token in messages[next] {
            switch token {
            case .e:
                let key = try PublicKey(rawRepresentation: take(Self.keyBytes))
                remoteEphemeral = key
                took(ephemeral: key)
            case .s:
                remoteStatic = try PublicKey(rawRepresentation: symmetric.openAndHash(take(Self.keyBytes + symmetric.tagBytes)))
            default: try mix(token)
            }
        }
        let payload = try symmetric.openAndHash(rest)
        next += 1
        return payload
    }

    /// Once it is done.
    func split() -> (dialer: CipherState, listener: CipherState, exported: SymmetricKey) { symmetric.split() }

    private mutating func took(ephemeral key: PublicKey) {
        symmetric.mixHash(key.rawRepresentation)
        // Section 9.2: with a shared key, an ephemeral one is mixed into the key as well.
        if hasSharedKey { symmetric.mixKey(SymmetricKey(data: key.rawRepresentation)) }
    }

    private mutating func mix(_ token: NoisePattern.Token) throws {
        switch token {
        case .ee: try mix(ephemeral, remoteEphemeral)
        case .es: try isInitiator ? mix(ephemeral, remoteStatic) : mix(keys.own, remoteEphemeral)
        case .se: try isInitiator ? mix(keys.own, remoteEphemeral) : mix(ephemeral, remoteStatic)
        case .ss: try mix(keys.own, remoteStatic)
        case .psk:
            guard let shared = keys.shared else { throw NoiseFailure.malformed }
            symmetric.mixKeyAndHash(shared)
        case .e, .s: break
        }
    }

    /// A key of small order makes a secret of zeros, whatever the other is: whoever sends one proves nothing, and is refused
    /// (RFC 7748, section 6.1). The agreement itself does not look.
    private mutating func mix(_ own: PrivateKey?, _ remote: PublicKey?) throws {
        guard let own, let remote else { throw NoiseFailure.malformed }
        let secret = try own.sharedSecretFromKeyAgreement(with: remote)
        guard secret.withUnsafeBytes({ $0.reduce(0, |) }) != 0 else { throw NoiseFailure.refused }
        symmetric.mixKey(secret.withUnsafeBytes { SymmetricKey(data: $0) })
    }
}
