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
        combined.withUnsafeBytes { _ = output.writeBytes(UnsafeRawBufferPointer(rebasing: $0.dropFirst(nonceBytes))) }
    }

    /// What a box is made of: one that is given its parts joins them one by one, which takes longer than a small record's cipher.
    private static func withCombined<Result>(
        _ nonce: UnsafeRawBufferPointer,
        _ sealed: UnsafeRawBufferPointer,
        _ body: (UnsafeRawBufferPointer) throws -> Result
    ) rethrows -> Result {
        try withUnsafeTemporaryAllocation(byteCount: nonce.count + sealed.count, alignment: 1) { combined in
            combined.copyMemory(from: nonce)
            UnsafeMutableRawBufferPointer(rebasing: combined[nonce.count...]).copyMemory(from: sealed)
            return try body(UnsafeRawBufferPointer(combined))
        }
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
        let plain = try withNonce(number) { nonce in
            try Self.withCombined(nonce, sealed) { combined in
                switch self {
                case .chachapoly: try ChaChaPoly.open(ChaChaPoly.SealedBox(combined: combined), using: key, authenticating: data)
                case .aesgcm: try AES.GCM.open(AES.GCM.SealedBox(combined: combined), using: key, authenticating: data)
                }
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
