internal import Crypto
internal import NIOCore

/// A key, and the number of the next message under it (section 5.1).
struct CipherState: Sendable {
    let cipher: NoiseCipher
    private var key: SymmetricKey
    /// Of the next message.
    private var number: UInt64

    init(_ cipher: NoiseCipher, key: SymmetricKey, number: UInt64 = 0) {
        self.cipher = cipher
        self.key = key
        self.number = number
    }

    /// Appends the sealed bytes and their tag.
    mutating func seal(
        _ plain: UnsafeRawBufferPointer,
        authenticating data: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        into output: inout ByteBuffer
    ) throws {
        // The last number is rekey's.
        guard number < .max else { throw NoiseFailure.malformed }
        try cipher.seal(plain, key, number: number, authenticating: data, into: &output)
        number += 1
    }

    /// Appends what was sealed; a failure changes nothing.
    mutating func open(
        _ sealed: UnsafeRawBufferPointer,
        authenticating data: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        into output: inout ByteBuffer
    ) throws {
        guard number < .max else { throw NoiseFailure.malformed }
        try cipher.open(sealed, key, number: number, authenticating: data, into: &output)
        number += 1
    }

    /// A record was sealed or opened: after every 2^20 of them the next key follows (section 11.3), far below what AES-GCM allows under one key
    /// (RFC 8446, section 5.5), and who takes a key from memory learns little of what went before.
    mutating func rekeyIfDue() throws {
        if number & (Self.recordsPerKey - 1) == 0 { try rekey() }
    }

    static let recordsPerKey: UInt64 = 1 << 20

    /// Section 4.2: the first 32 bytes of 32 zero bytes, sealed under the last number.
    mutating func rekey() throws {
        let zeros = [UInt8](repeating: 0, count: NoiseCipher.keyBytes)
        var sealed = ByteBuffer()
        try zeros.withUnsafeBytes {
            try cipher.seal($0, key, number: .max, authenticating: UnsafeRawBufferPointer(start: nil, count: 0), into: &sealed)
        }
        key = sealed.withUnsafeReadableBytes {
            SymmetricKey(data: UnsafeRawBufferPointer(rebasing: $0.prefix(NoiseCipher.keyBytes)))
        }
    }
}
