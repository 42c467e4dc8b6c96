internal import Crypto
internal import NIOCore
public import PatchbayCore

extension PasswordHash {
    /// Reads the text form.
    /// - Throws: `PatchbayError` with `invalidArgument`, without the text, for another form or parameters that cost too much.
    public init(_ text: String) throws(PatchbayError) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt", let parameters = Self.parameters(parts[2]),
            let salt = Base64.decodeUnpadded(parts[3].utf8), Self.saltBytes.contains(salt.count),
            let hash = Base64.decodeUnpadded(parts[4].utf8), Self.hashBytes.contains(hash.count)
        else {
            throw PatchbayError(
                .invalidArgument,
                "not a hash of the form $scrypt$ln=15,r=8,p=1$<salt>$<hash>; `patchbay key --password` makes one",
                stage: .authenticate,
                layer: PasswordAuthenticator.layer
            )
        }
        guard parameters.isBearable else {
            throw PatchbayError(
                .invalidArgument,
                "a hash whose scrypt parameters ask for more than 128 MiB or 2^22 blocks; make a new one",
                stage: .authenticate,
                layer: PasswordAuthenticator.layer
            )
        }
        self.init(parameters: parameters, salt: salt, hash: SymmetricKey(data: hash))
    }

    private static func parameters(_ text: Substring) -> Parameters? {
        let fields = text.split(separator: ",", omittingEmptySubsequences: false)
        let names = ["ln=", "r=", "p="]
        guard fields.count == names.count else { return nil }
        var values: [Int] = []
        for (field, name) in zip(fields, names) {
            let digits = field.dropFirst(name.count)
            guard field.hasPrefix(name), digits.utf8.count <= 2, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
                let value = UInt8(digits)
            else { return nil }
            values.append(Int(value))
        }
        return Parameters(logarithm: values[0], blockSize: values[1], parallelism: values[2])
    }

    /// The text form.
    public var encoded: String {
        let parameters = "ln=\(parameters.logarithm),r=\(parameters.blockSize),p=\(parameters.parallelism)"
        let salt = salt.withUnsafeBytes { Base64.encodeUnpadded($0) }
        let hash = hash.withUnsafeBytes { Base64.encodeUnpadded($0) }
        return "$scrypt$\(parameters)$\(salt)$\(hash)"
    }

    /// The line of a password file that gives a user this password.
    /// - Throws: as ``checkUser(_:)``.
    public func line(user: String) throws(PatchbayError) -> String {
        try Self.checkUser(user)
        return "\(user):\(encoded)"
    }

    /// Whether a line of a password file can begin with this name.
    /// - Throws: `PatchbayError` with `invalidArgument`.
    public static func checkUser(_ user: String) throws(PatchbayError) {
        try UserName.checkLine(user, layer: PasswordAuthenticator.layer)
    }
}

extension PasswordHash: CustomStringConvertible {
    /// Says that it is a hash, and not which: logs are no place for it.
    public var description: String { "PasswordHash" }
}
