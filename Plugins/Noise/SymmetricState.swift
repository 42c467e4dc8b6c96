internal import Crypto
internal import NIOCore

/// The chaining key and the hash of all that was said (section 5.2), over SHA-256.
struct SymmetricState: Sendable {
    private let cipher: NoiseCipher
    private var chainingKey: SymmetricKey
    private(set) var hash: [UInt8]
    private var state: CipherState?

    init(protocolName: String, cipher: NoiseCipher) {
        self.cipher = cipher
        var name = Array(protocolName.utf8)
        if name.count > SHA256.byteCount {
            name = Array(SHA256.hash(data: name))
        } else {
            name += [UInt8](repeating: 0, count: SHA256.byteCount - name.count)
        }
        hash = name
        chainingKey = SymmetricKey(data: name)
    }

    mutating func mixHash(_ data: some Sequence<UInt8>) { hash = Array(SHA256.hash(data: hash + data)) }

    mutating func mixKey(_ input: SymmetricKey) {
        let keys = derive(from: input, count: 2)
        chainingKey = keys[0]
        state = CipherState(cipher, key: keys[1])
    }

    mutating func mixKeyAndHash(_ input: SymmetricKey) {
        let keys = derive(from: input, count: 3)
        chainingKey = keys[0]
        keys[1].withUnsafeBytes { mixHash($0) }
        state = CipherState(cipher, key: keys[2])
    }

    /// So many bytes more than in the plain has what is sealed now.
    var tagBytes: Int { state == nil ? 0 : NoiseCipher.tagBytes }

    mutating func sealAndHash(_ plain: [UInt8]) throws -> [UInt8] {
        guard state != nil else {
            mixHash(plain)
            return plain
        }
        var output = ByteBuffer()
        let hash = hash
        try plain.withUnsafeBytes { plain in try hash.withUnsafeBytes { try state?.seal(plain, authenticating: $0, into: &output) } }
        mixHash(output.readableBytesView)
        return Array(output.readableBytesView)
    }

    mutating func openAndHash(_ sealed: some Collection<UInt8>) throws -> [UInt8] {
        let sealed = Array(sealed)
        guard state != nil else {
            mixHash(sealed)
            return sealed
        }
        var output = ByteBuffer()
        let hash = hash
        try sealed.withUnsafeBytes { sealed in try hash.withUnsafeBytes { try state?.open(sealed, authenticating: $0, into: &output) } }
        mixHash(sealed)
        return Array(output.readableBytesView)
    }

    /// The keys of the two directions, the dialer's first; and a third from the same derivation, of which Noise says nothing, as a secret of
    /// this handshake for other uses.
    func split() -> (dialer: CipherState, listener: CipherState, exported: SymmetricKey) {
        let keys = derive(from: SymmetricKey(data: [UInt8]()), count: 3)
        return (CipherState(cipher, key: keys[0]), CipherState(cipher, key: keys[1]), keys[2])
    }

    /// Noise's HKDF (section 4.3) is RFC 5869's with the chaining key as salt and without info.
    private func derive(from input: SymmetricKey, count: Int) -> [SymmetricKey] {
        let salt = chainingKey.withUnsafeBytes { Array($0) }
        let bytes = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: input,
            salt: salt,
            info: [UInt8](),
            outputByteCount: count * SHA256.byteCount
        )
        return bytes.withUnsafeBytes { bytes in
            (0..<count).map {
                SymmetricKey(data: UnsafeRawBufferPointer(rebasing: bytes[($0 * SHA256.byteCount)...].prefix(SHA256.byteCount)))
            }
        }
    }
}
