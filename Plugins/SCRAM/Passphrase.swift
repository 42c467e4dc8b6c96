internal import NIOCore
internal import PatchbayCore
internal import Synchronization

/// A password, with the keys that were last made of it: the same listener asks for the same ones again, and they are slow.
final class Passphrase: Sendable {
    static let longest = 1_024
    static let form = "1 to \(longest) bytes of UTF-8 without control characters"

    private struct Derived {
        var salt: [UInt8]
        var iterations: Int
        var keys: SaltedKeys
    }

    private let password: [UInt8]
    private let last = Mutex<Derived?>(nil)

    /// - Throws: ``PatchbayError`` with `invalidOption`, without the password.
    init(_ password: ByteBuffer) throws(PatchbayError) {
        guard let bytes = Self.bytes(password) else { throw .scram(.invalidOption, "a password of scram has \(Self.form)") }
        self.password = bytes
    }

    /// The bytes as they are: SASLprep (RFC 4013), which would map some beyond ASCII to others, is not done. Nil where they are no
    /// password.
    static func bytes(_ password: ByteBuffer) -> [UInt8]? {
        guard (1...longest).contains(password.readableBytes), let text = String(validating: password.readableBytesView, as: UTF8.self),
            text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control })
        else { return nil }
        return Array(password.readableBytesView)
    }

    /// The keys, if they are there already.
    func knownKeys(salt: [UInt8], iterations: Int) -> SaltedKeys? {
        last.withLock { last in
            guard let last, last.iterations == iterations, last.salt == salt else { return nil }
            return last.keys
        }
    }

    /// The keys, made if need be: holds its thread for as long as the iterations take.
    func keys(salt: [UInt8], iterations: Int) throws(PatchbayError) -> SaltedKeys {
        if let known = knownKeys(salt: salt, iterations: iterations) { return known }
        let keys = try SaltedKeys(password: password, salt: salt, iterations: iterations)
        last.withLock { $0 = Derived(salt: salt, iterations: iterations, keys: keys) }
        return keys
    }
}
