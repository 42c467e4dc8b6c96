internal import Crypto
internal import PatchbayCore

/// What the values of attributes may be.
enum AttributeText {
    /// Bytes of a salt.
    static let salt = 8...64
    /// Characters of one end's share of the nonce.
    static let nonce = 16...256
    /// Bytes of the hash, and so of every proof and signature.
    static let hash = SHA256.byteCount

    /// 24 random bytes: 32 characters that need no escape.
    static func makeNonce() -> String { SymmetricKey(size: .bits192).withUnsafeBytes { Base64.encode($0) } }

    /// Printable, and no comma.
    static func isNonce(_ text: some Sequence<UInt8>) -> Bool {
        text.allSatisfy { (0x21...0x7e).contains($0) && $0 != UInt8(ascii: ",") }
    }

    /// A comma and an equals sign have a meaning in a message (RFC 5802 section 5.1).
    static func escaped(_ user: String) -> String {
        var text = ""
        for scalar in user.unicodeScalars {
            switch scalar {
            case ",": text += "=2C"
            case "=": text += "=3D"
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    /// - Returns: nil for any other use of an equals sign, and for a name that no user can have.
    static func user(_ text: ArraySlice<UInt8>) -> String? {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "=") else {
                bytes.append(byte)
                continue
            }
            switch String(decoding: rest.prefix(2), as: UTF8.self) {
            case "2C": bytes.append(UInt8(ascii: ","))
            case "3D": bytes.append(UInt8(ascii: "="))
            default: return nil
            }
            rest = rest.dropFirst(2)
        }
        guard let user = String(validating: bytes, as: UTF8.self), UserName.isPlain(user) else { return nil }
        return user
    }

    /// - Returns: nil unless this is base 64 of so many bytes, in the one way to write them.
    static func bytes(_ text: ArraySlice<UInt8>, count: ClosedRange<Int>) -> [UInt8]? {
        guard let bytes = text.withUnsafeBytes({ Base64.decode($0) }), count.contains(bytes.count) else { return nil }
        return bytes
    }

    /// - Returns: nil unless this is a positive number without leading zeroes; what is too large for anything is the largest there is.
    static func number(_ text: ArraySlice<UInt8>) -> Int? {
        guard let first = text.first, first != UInt8(ascii: "0"), text.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return Int(String(decoding: text, as: UTF8.self)) ?? .max
    }
}
