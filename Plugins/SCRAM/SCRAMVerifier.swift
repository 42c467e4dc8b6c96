internal import Crypto
package import NIOCore
package import PatchbayCore

/// What a listener keeps of a user's password (RFC 5802 section 3): enough to verify a proof, and not enough to make one.
///
/// The text form is `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>` in base64, which PostgreSQL keeps too.
package struct SCRAMVerifier: Sendable {
    /// RFC 7677 asks for 4,096 at least; the most is what somebody might still wait for.
    static let iterations = 4_096...10_000_000
    /// OWASP's Password Storage Cheat Sheet asks this of PBKDF2 with HMAC-SHA256.
    static let standardIterations = 600_000

    let iterations: Int
    let salt: [UInt8]
    let storedKey: [UInt8]
    let serverKey: SymmetricKey

    init(iterations: Int, salt: [UInt8], storedKey: [UInt8], serverKey: SymmetricKey) {
        self.iterations = iterations
        self.salt = salt
        self.storedKey = storedKey
        self.serverKey = serverKey
    }

    init(_ keys: SaltedKeys, salt: [UInt8], iterations: Int) {
        self.init(iterations: iterations, salt: salt, storedKey: keys.stored, serverKey: keys.server)
    }

    /// Makes what to keep of a password. Holds its thread for as long as the iterations take.
    /// - Parameters:
    ///   - password: 1 to 1,024 bytes of UTF-8 without control characters, taken as they are.
    ///   - iterations: of PBKDF2, 4,096 to 10,000,000; each dialer computes them, and 600,000 by default.
    ///   - salt: 8 to 64 random bytes; 16 new ones by default.
    /// - Throws: `PatchbayError` with `invalidArgument` for anything else.
    package static func make(password: ByteBuffer, iterations: Int? = nil, salt: [UInt8]? = nil) throws(PatchbayError) -> SCRAMVerifier {
        let iterations = iterations ?? standardIterations
        let salt = salt ?? makeSalt()
        guard let password = Passphrase.bytes(password), Self.iterations.contains(iterations), AttributeText.salt.contains(salt.count)
        else {
            throw .scram(
                .invalidArgument,
                "a password has \(Passphrase.form), a salt 8 to 64 bytes, and iterations are \(Self.iterations.lowerBound) to "
                    + "\(Self.iterations.upperBound)"
            )
        }
        let keys = try SaltedKeys(password: password, salt: salt, iterations: iterations)
        return SCRAMVerifier(keys, salt: salt, iterations: iterations)
    }

    static func makeSalt() -> [UInt8] { SymmetricKey(size: .bits128).withUnsafeBytes { Array($0) } }
}
