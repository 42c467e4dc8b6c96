internal import Crypto
internal import FoundationEssentials
internal import NIOCore

/// An AEAD with keys of 32 bytes and tags of 16, as Noise uses it.
enum NoiseCipher: String, Sendable, CaseIterable {
    case chachapoly
    case aesgcm

    static let tagBytes = 16
    static let keyBytes = 32
    private static let nonceBytes = 12

    /// As in a protocol's name.
    var noiseName: String {
        switch self {
        case .chachapoly: "ChaChaPoly"
        case .aesgcm: "AESGCM"
        }
    }

    /// Appends the sealed bytes and their tag.
    func seal(
        _ plain: UnsafeRawBufferPointer,
        _ key: SymmetricKey,
        number: UInt64,
        authenticating data: UnsafeRawBufferPointer,
        into output: inout ByteBuffer
    ) throws {
        try withNonce(number) { nonce in
            switch self {
            case .chachapoly:
                let box = try ChaChaPoly.seal(plain, using: key, nonce: ChaChaPoly.Nonce(data: nonce), authenticating: data)
                Self.append(box.combined, to: &output)
            case .aesgcm:
                let box = try AES.GCM.seal(plain, using: key, nonce: AES.GCM.Nonce(data: nonce), authenticating: data)
                // Nil only for nonces of another length.
                guard let combined = box.combined else { throw NoiseFailure.malformed }
                Self.append(combined, to: &output)
            }
        }
    }

    /// What is behind the nonce.
    private static func append(_ combined: Data, to output: inout ByteBuffer) {
        combined.withUnsafeBytes { _ = output.writeBytes($0.dropFirst(nonceBytes)) }
    }

    /// Appends what was sealed.
    /// - Throws: where the tag is not right, or there is none; nothing is appended then.
    func open(
        _ sealed: UnsafeRawBufferPointer,
        _ key: SymmetricKey,
        number: UInt64,
        authenticating data: UnsafeRawBufferPointer,
        into output: inout ByteBuffer
    ) throws {
        guard sealed.count >= Self.tagBytes else { throw NoiseFailure.malformed }
        let text = UnsafeRawBufferPointer(rebasing: sealed.dropLast(Self.tagBytes))
        let tag = UnsafeRawBufferPointer(rebasing: sealed.suffix(Self.tagBytes))
        let plain = try withNonce(number) { nonce in
            switch self {
            case .chachapoly:
                try ChaChaPoly.open(
                    ChaChaPoly.SealedBox(nonce: ChaChaPoly.Nonce(data: nonce), ciphertext: text, tag: tag),
                    using: key,
                    authenticating: data
                )
            case .aesgcm:
                try AES.GCM.open(
                    AES.GCM.SealedBox(nonce: AES.GCM.Nonce(data: nonce), ciphertext: text, tag: tag),
                    using: key,
                    authenticating: data
                )
            }
        }
        plain.withUnsafeBytes { _ = output.writeBytes($0) }
    }

    /// Four zero bytes, and the number: little-endian for ChaChaPoly, big-endian for AESGCM (section 12).
    private func withNonce<Result>(_ number: UInt64, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        var nonce: (UInt32, UInt32, UInt32)
        let low = UInt32(truncatingIfNeeded: number)
        let high = UInt32(truncatingIfNeeded: number >> 32)
        switch self {
        case .chachapoly: nonce = (0, low.littleEndian, high.littleEndian)
        case .aesgcm: nonce = (0, high.bigEndian, low.bigEndian)
        }
        return try withUnsafeBytes(of: &nonce) { try body($0) }
    }
}
