internal import Crypto

/// What a listener answers for users who are not there, so that nobody finds names by asking.
enum UnknownUser {
    /// Of this process: the salt of a name is the same as long as it runs, as a real one's is.
    private static let secret = SymmetricKey(size: .bits256)

    /// Looks as the user's verifier would, and no password fits it.
    static func verifier(for user: String, like other: SCRAMVerifier) -> SCRAMVerifier {
        let salt = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: secret,
            info: Array("patchbay scram 1 salt".utf8) + [0] + Array(user.utf8),
            outputByteCount: other.salt.count
        )
        return SCRAMVerifier(
            iterations: other.iterations,
            salt: salt.withUnsafeBytes { Array($0) },
            storedKey: SymmetricKey(size: .bits256).withUnsafeBytes { Array($0) },
            serverKey: SymmetricKey(size: .bits256)
        )
    }
}
