internal import Crypto
package import PatchbayCore

extension SCRAMVerifier {
    private static let mechanism = "SCRAM-SHA-256"

    /// Reads the text form.
    /// - Throws: `PatchbayError` with `invalidArgument`, without the text, for another form or too few or many iterations.
    package init(_ text: String) throws(PatchbayError) {
        let parts = Array(text.utf8).split(separator: UInt8(ascii: "$"), omittingEmptySubsequences: false)
        let fields = parts.dropFirst().map { $0.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false) }
        let hash = AttributeText.hash...AttributeText.hash
        guard parts.count == 3, parts[0].elementsEqual(Self.mechanism.utf8), fields.allSatisfy({ $0.count == 2 }),
            let iterations = AttributeText.number(fields[0][0]), let salt = AttributeText.bytes(fields[0][1], count: AttributeText.salt),
            let stored = AttributeText.bytes(fields[1][0], count: hash), let server = AttributeText.bytes(fields[1][1], count: hash)
        else {
            throw .scram(
                .invalidArgument,
                "not a verifier of the form SCRAM-SHA-256$<iterations>:<salt>$<stored>:<server>; `patchbay key --scram` makes one"
            )
        }
        guard Self.iterations.contains(iterations) else {
            throw .scram(
                .invalidArgument,
                "a verifier with fewer than \(Self.iterations.lowerBound) or more than \(Self.iterations.upperBound) iterations; make a new one"
            )
        }
        self.init(iterations: iterations, salt: salt, storedKey: stored, serverKey: SymmetricKey(data: server))
    }

    /// The text form.
    package var encoded: String {
        let salt = salt.withUnsafeBytes { Base64.encode($0) }
        let stored = storedKey.withUnsafeBytes { Base64.encode($0) }
        let server = serverKey.withUnsafeBytes { Base64.encode($0) }
        return "\(Self.mechanism)$\(iterations):\(salt)$\(stored):\(server)"
    }

    /// The line of a file of verifiers that gives a user this password.
    /// - Throws: as ``checkUser(_:)``.
    package func line(user: String) throws(PatchbayError) -> String {
        try Self.checkUser(user)
        return "\(user):\(encoded)"
    }

    /// Whether a line of a file of verifiers can begin with this name.
    /// - Throws: `PatchbayError` with `invalidArgument`.
    package static func checkUser(_ user: String) throws(PatchbayError) {
        try UserName.checkLine(user, layer: SCRAMAuthenticator.layer)
    }
}

extension SCRAMVerifier: CustomStringConvertible, CustomReflectable {
    /// Says that it is a verifier, and not which: passwords can be tried against it.
    package var description: String { "SCRAMVerifier" }

    package var customMirror: Mirror { Mirror(self, children: [:]) }
}
