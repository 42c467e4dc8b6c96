internal import Crypto
internal import NIOCore
internal import PatchbayCore

/// The layer `hmac`: a key that both ends share.
struct MutualHMACAuthenticator: Authenticator {
    static let layer = "hmac"

    private let key: SymmetricKey

    /// - Parameter key: as ``SharedKey`` checked it.
    init(key: ByteBuffer) { self.key = key.withUnsafeReadableBytes { SymmetricKey(data: $0) } }

    func makeHandshake(_ context: HandshakeContext) throws -> any Handshake {
        MutualHMACHandshake(role: context.role, schedule: KeySchedule(key: key, transcript: try context.transcript(for: Self.layer)))
    }
}
