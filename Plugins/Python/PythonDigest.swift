internal import Crypto

/// The hash functions that CPython's `multiprocessing.connection` authenticates with.
///
/// Source: `_ALLOWED_DIGESTS` in CPython's Lib/multiprocessing/connection.py, 3.12 and later.
package enum PythonDigest: String, Sendable, Hashable, CaseIterable {
    case md5
    case sha256
    case sha384
    case sha3256 = "sha3_256"
    case sha3384 = "sha3_384"

    /// How many bytes its HMAC has.
    package var byteCount: Int {
        switch self {
        case .md5: Insecure.MD5.byteCount
        case .sha256, .sha3256: 32
        case .sha384, .sha3384: 48
        }
    }

    /// What precedes challenges and answers that name it, such as `{sha256}`.
    package var prefix: [UInt8] { Array("{\(rawValue)}".utf8) }

    /// The digest that a challenge or an answer names at its start, with the length of that prefix; nil where it names none we know.
    package static func named(by message: some Collection<UInt8>) -> (digest: PythonDigest, prefixBytes: Int)? {
        for digest in allCases where message.starts(with: digest.prefix) { return (digest, digest.prefix.count) }
        return nil
    }

    package func authenticationCode(for message: some Collection<UInt8>, key: [UInt8]) -> [UInt8] {
        let (key, message) = (SymmetricKey(data: key), Array(message))
        return switch self {
        case .md5: Array(HMAC<Insecure.MD5>.authenticationCode(for: message, using: key))
        case .sha256: Array(HMAC<SHA256>.authenticationCode(for: message, using: key))
        case .sha384: Array(HMAC<SHA384>.authenticationCode(for: message, using: key))
        case .sha3256: Array(HMAC<SHA3_256>.authenticationCode(for: message, using: key))
        case .sha3384: Array(HMAC<SHA3_384>.authenticationCode(for: message, using: key))
        }
    }

    /// Compares in a time that does not depend on where the codes differ.
    package func isValid(_ code: some Collection<UInt8>, for message: some Collection<UInt8>, key: [UInt8]) -> Bool {
        let (key, message, code) = (SymmetricKey(data: key), Array(message), Array(code))
        return switch self {
        case .md5: HMAC<Insecure.MD5>.isValidAuthenticationCode(code, authenticating: message, using: key)
        case .sha256: HMAC<SHA256>.isValidAuthenticationCode(code, authenticating: message, using: key)
        case .sha384: HMAC<SHA384>.isValidAuthenticationCode(code, authenticating: message, using: key)
        case .sha3256: HMAC<SHA3_256>.isValidAuthenticationCode(code, authenticating: message, using: key)
        case .sha3384: HMAC<SHA3_384>.isValidAuthenticationCode(code, authenticating: message, using: key)
        }
    }
}
