internal import Crypto
internal import NIOCore
internal import PatchbayCore

/// The layer `hmac`: a key that both ends share.
struct MutualHMACAuthenticator: Authenticator {
    static let layer = "hmac"
    /// A key that a passive observer of one handshake cannot search: 128 bits, where the bytes are random.
    static let shortestKey = 16
    /// The greeting holds a nonce of 32 bytes from each end; less than that binds a proof to nothing.
    static let shortestTranscript = 64

    private let key: SymmetricKey

    /// - Parameter key: the bytes of the option as they are written: the text that `patchbay key` prints is itself the key.
    init(key: ByteBuffer) throws(PatchbayError) {
        guard key.readableBytes >= Self.shortestKey else {
            throw PatchbayError(
                .invalidOption,
                "the key has \(key.readableBytes) bytes, and hmac needs at least \(Self.shortestKey); `patchbay key` makes one",
                stage: .resolve,
                layer: Self.layer
            )
        }
        self.key = key.withUnsafeReadableBytes { SymmetricKey(data: $0) }
    }

    func makeHandshake(_ context: HandshakeContext) throws -> any Handshake {
        guard context.transcript.readableBytes >= Self.shortestTranscript else {
            throw PatchbayError(
                .unsupported,
                "hmac needs the greeting, whose nonces make each proof fresh; remove `bare` from the stack",
                stage: .authenticate,
                layer: Self.layer
            )
        }
        return MutualHMACHandshake(role: context.role, schedule: KeySchedule(key: key, transcript: context.transcript))
    }
}
