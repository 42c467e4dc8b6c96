internal import Crypto
internal import NIOCore
internal import PatchbayCore

/// Everything that is computed from the shared key and the greeting (docs/security.md holds the formulas).
///
/// Each use has a label of its own, so that no value of one role or purpose can pass for another.
struct KeySchedule: Sendable {
    /// Keys of one connection; each end seals with one of the first two and opens with the other.
    struct SessionKeys {
        var dialerToListener: SymmetricKey
        var listenerToDialer: SymmetricKey
        var exported: SymmetricKey
    }

    private enum Label {
        static let dialerProof = "patchbay hmac 1 proof dialer"
        static let listenerProof = "patchbay hmac 1 proof listener"
        static let dialerRecords = "patchbay hmac 1 records dialer"
        static let listenerRecords = "patchbay hmac 1 records listener"
        static let exported = "patchbay hmac 1 exported"
    }

    let key: SymmetricKey
    let transcript: ByteBuffer

    /// HMAC-SHA256(key, label ‖ 0 ‖ transcript).
    func dialerProof() -> [UInt8] { proof(Label.dialerProof, after: []) }

    /// HMAC-SHA256(key, label ‖ 0 ‖ transcript ‖ dialer's proof).
    func listenerProof(after dialerProof: [UInt8]) -> [UInt8] { proof(Label.listenerProof, after: dialerProof) }

    private func proof(_ label: String, after earlier: [UInt8]) -> [UInt8] {
        var code = HMAC<SHA256>(key: key)
        code.update(data: Array(label.utf8) + [0])
        transcript.withUnsafeReadableBytes { code.update(data: $0) }
        code.update(data: earlier)
        return Array(code.finalize())
    }

    /// HKDF-SHA256 (RFC 5869) with the key as input and SHA-256(transcript ‖ both proofs) as salt; one label per key.
    func sessionKeys(dialerProof: [UInt8], listenerProof: [UInt8]) -> SessionKeys {
        var hash = SHA256()
        transcript.withUnsafeReadableBytes { hash.update(bufferPointer: $0) }
        hash.update(data: dialerProof)
        hash.update(data: listenerProof)
        let salt = Array(hash.finalize())
        func derive(_ label: String) -> SymmetricKey { Self.derive(from: key, salt: salt, info: Array(label.utf8), bytes: 32) }
        return SessionKeys(
            dialerToListener: derive(Label.dialerRecords),
            listenerToDialer: derive(Label.listenerRecords),
            exported: derive(Label.exported)
        )
    }

    static func derive(from key: SymmetricKey, salt: [UInt8], info: [UInt8], bytes: Int) -> SymmetricKey {
        HKDF<SHA256>.deriveKey(inputKeyMaterial: key, salt: salt, info: info, outputByteCount: bytes)
    }
}
