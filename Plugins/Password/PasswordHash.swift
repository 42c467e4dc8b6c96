internal import Crypto
internal import CryptoExtras
public import NIOCore
public import PatchbayCore

/// A salted scrypt hash (RFC 7914) of a password, as lines of a password file hold it.
///
/// The text form is `$scrypt$ln=15,r=8,p=1$<salt>$<hash>`, base64 without padding: the PHC string format, which passlib writes too.
public struct PasswordHash: Sendable {
    /// What a hash costs: memory of 128 · 2^logarithm · blockSize bytes, and time in proportion.
    struct Parameters: Sendable, Hashable {
        /// Of the number of rounds, to the base 2.
        var logarithm: Int
        var blockSize: Int
        var parallelism: Int

        /// 32 MiB; about 60 ms on a core of a server.
        static let standard = Parameters(logarithm: 15, blockSize: 8, parallelism: 1)

        /// Bounds for what a file asks for: at most 128 MiB, and 16 times the work of ``standard``.
        var isBearable: Bool {
            guard (1...20).contains(logarithm), (1...16).contains(blockSize), (1...16).contains(parallelism) else { return false }
            let blocks = (1 << logarithm) * blockSize
            return blocks <= 1 << 20 && blocks * parallelism <= 1 << 22
        }
    }

    static let saltBytes = 8...64
    static let hashBytes = 16...64

    let parameters: Parameters
    let salt: [UInt8]
    let hash: SymmetricKey

    init(parameters: Parameters, salt: [UInt8], hash: SymmetricKey) {
        self.parameters = parameters
        self.salt = salt
        self.hash = hash
    }

    /// Hashes a password. Holds its thread for tens of milliseconds and 32 MiB.
    /// - Parameter salt: 8 to 64 random bytes; 16 new ones by default.
    /// - Throws: `PatchbayError` with `invalidArgument` for an empty password, one above 1,024 bytes, or a salt of another length.
    public static func make(password: ByteBuffer, salt: [UInt8]? = nil) throws(PatchbayError) -> PasswordHash {
        let salt = salt ?? SymmetricKey(size: .bits128).withUnsafeBytes { Array($0) }
        guard (1...Credentials.longestPassword).contains(password.readableBytes), saltBytes.contains(salt.count) else {
            throw PatchbayError(
                .invalidArgument,
                "a password has 1 to \(Credentials.longestPassword) bytes, and a salt 8 to 64",
                stage: .authenticate,
                layer: PasswordAuthenticator.layer
            )
        }
        let hash = try derive(password: Array(password.readableBytesView), salt: salt, parameters: .standard, bytes: 32)
        return PasswordHash(parameters: .standard, salt: salt, hash: hash)
    }

    /// Whether this is the password, compared in constant time. Holds its thread as long as making the hash did.
    public func verify(_ password: ByteBuffer) throws(PatchbayError) -> Bool {
        let bytes = Array(password.readableBytesView)
        // Two keys of swift-crypto compare in constant time.
        return try Self.derive(password: bytes, salt: salt, parameters: parameters, bytes: hash.bitCount / 8) == hash
    }

    static func derive(
        password: [UInt8],
        salt: [UInt8],
        parameters: Parameters,
        bytes: Int
    ) throws(PatchbayError) -> SymmetricKey {
        do {
            return try KDF.Scrypt.deriveKey(
                from: password,
                salt: salt,
                outputByteCount: bytes,
                rounds: 1 << parameters.logarithm,
                blockSize: parameters.blockSize,
                parallelism: parameters.parallelism
            )
        } catch {
            throw PatchbayError(
                .limitExceeded,
                "scrypt could not run; is there memory for it?",
                stage: .authenticate,
                layer: PasswordAuthenticator.layer,
                cause: error
            )
        }
    }
}
