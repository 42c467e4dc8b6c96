internal import Crypto
internal import NIOCore

/// Everything that is computed from the keys and the whole exchange.
///
/// The text is RFC 5802's AuthMessage: client-first-message-bare, server-first-message and client-final-message-without-proof, with a
/// comma between.
enum Proof {
    /// ClientKey XOR HMAC(StoredKey, AuthMessage): only who has the one or the other half makes anything of it. Its own inverse.
    static func masked(_ bytes: [UInt8], storedKey: [UInt8], exchange: [UInt8]) -> [UInt8] {
        zip(bytes, SaltedKeys.code(storedKey, exchange)).map { $0 ^ $1 }
    }

    /// HMAC(ServerKey, AuthMessage).
    static func signature(serverKey: SymmetricKey, exchange: [UInt8]) -> [UInt8] { SaltedKeys.code(serverKey, exchange) }

    /// The exported MAC of this exchange. Its key is HMAC(ClientKey, label ‖ 0 ‖ AuthMessage): ClientKey is never sent in the open, and
    /// each exchange has nonces of its own.
    static func exportedMAC(clientKey: [UInt8], exchange: [UInt8]) -> @Sendable (ByteBuffer) -> ByteBuffer {
        let label = Array("patchbay scram 1 exported".utf8) + [0]
        let key = SymmetricKey(data: SaltedKeys.code(clientKey, label + exchange))
        return { bytes in
            ByteBuffer(bytes: bytes.withUnsafeReadableBytes { HMAC<SHA256>.authenticationCode(for: $0, using: key) })
        }
    }
}
