internal import Crypto
internal import CryptoExtras
internal import PatchbayCore

/// What a password becomes under a salt and a number of iterations (RFC 5802 section 3).
struct SaltedKeys: Sendable {
    /// What a dialer proves that it has.
    let client: [UInt8]
    /// What a listener signs with.
    let server: SymmetricKey

    /// Its hash is what a listener keeps.
    var stored: [UInt8] { Array(SHA256.hash(data: client)) }

    /// Holds its thread for as long as the iterations take.
    /// - Parameter password: not empty.
    init(password: [UInt8], salt: [UInt8], iterations: Int) throws(PatchbayError) {
        let salted = try Self.salted(password: password, salt: salt, iterations: iterations)
        client = Self.code(salted, Array("Client Key".utf8))
        server = SymmetricKey(data: Self.code(salted, Array("Server Key".utf8)))
    }

    /// PBKDF2 with HMAC-SHA256 (RFC 8018), which SCRAM calls Hi().
    static func salted(password: [UInt8], salt: [UInt8], iterations: Int) throws(PatchbayError) -> SymmetricKey {
        do {
            // Checked: the counts that the library calls safe are those for stored hashes, and RFC 7677 allows fewer.
            return try KDF.Insecure.PBKDF2.deriveKey(
                from: password,
                salt: salt,
                using: .sha256,
                outputByteCount: SHA256.byteCount,
                unsafeUncheckedRounds: iterations
            )
        } catch {
            throw .scram(.limitExceeded, "PBKDF2 could not run; is there memory for it?", cause: error)
        }
    }

    static func code(_ key: SymmetricKey, _ message: [UInt8]) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: message, using: key))
    }

    static func code(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] { code(SymmetricKey(data: key), message) }
}
