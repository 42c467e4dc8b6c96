internal import PatchbayCore

/// A listener's one password for every user, under a salt of its own: computed once, not for each dialer that asks.
struct CommonPassword: Sendable {
    let passphrase: Passphrase
    let iterations: Int
    private let salt = SCRAMVerifier.makeSalt()

    init(passphrase: Passphrase, iterations: Int) {
        self.passphrase = passphrase
        self.iterations = iterations
    }

    /// The verifier, if its keys are there already.
    var known: SCRAMVerifier? { passphrase.knownKeys(salt: salt, iterations: iterations).map(verifier) }

    /// The verifier; slow the first time.
    func verifier() throws(PatchbayError) -> SCRAMVerifier { verifier(try passphrase.keys(salt: salt, iterations: iterations)) }

    private func verifier(_ keys: SaltedKeys) -> SCRAMVerifier { SCRAMVerifier(keys, salt: salt, iterations: iterations) }
}
