internal import Crypto
internal import FoundationEssentials
internal import NIOCore
internal import PatchbayCore

/// A key pair for the layer `noise`, whose halves are written as 43 characters of `A–Z a–z 0–9 - _`: 32 bytes in base 64 (RFC 4648, section 5)
/// without padding.
public struct NoiseKeyPair: Sendable, CustomStringConvertible, CustomReflectable {
    let key: Curve25519.KeyAgreement.PrivateKey

    /// A new one.
    public init() { key = Curve25519.KeyAgreement.PrivateKey() }

    /// - Parameter privateText: the private key as ``privateText`` gave it; one newline behind it is dropped.
    /// - Throws: `PatchbayError` with `invalidOption` for anything else.
    public init(privateText: String) throws {
        guard let bytes = KeyText.bytes(privateText.hasSuffix("\n") ? String(privateText.dropLast()) : privateText) else {
            throw PatchbayError(
                .invalidOption,
                "a private key has 43 characters of A-Z a-z 0-9 - _; `patchbay key --pair` makes one",
                stage: .resolve,
                layer: NoiseAuthenticator.layer
            )
        }
        key = try Curve25519.KeyAgreement.PrivateKey(rawRepresentation: bytes)
    }

    /// To be kept as a secret.
    public var privateText: String { KeyText.text(Array(key.rawRepresentation)) }

    /// For all who shall know this end.
    public var publicText: String { KeyText.text(Array(key.publicKey.rawRepresentation)) }

    /// The public key alone.
    public var description: String { publicText }
    public var customMirror: Mirror { Mirror(reflecting: publicText) }
}

/// 32 bytes as text.
enum KeyText {
    static func text(_ bytes: [UInt8]) -> String {
        String(
            bytes.withUnsafeBytes { Base64.encodeUnpadded($0) }.map { character in
                switch character {
                case "+": "-"
                case "/": "_"
                default: character
                }
            }
        )
    }

    /// Nil for what is no such text.
    static func bytes(_ text: String) -> [UInt8]? {
        guard text.utf8.count == 43 else { return nil }
        var standard: [UInt8] = []
        for character in text.utf8 {
            switch character {
            case UInt8(ascii: "-"): standard.append(UInt8(ascii: "+"))
            case UInt8(ascii: "_"): standard.append(UInt8(ascii: "/"))
            case UInt8(ascii: "+"), UInt8(ascii: "/"): return nil
            default: standard.append(character)
            }
        }
        return Base64.decodeUnpadded(standard)
    }
}
