internal import PatchbayCore

extension UserFormat where Entry == SCRAMVerifier {
    /// Lines `user:SCRAM-SHA-256$…`.
    static var verifiers: Self {
        Self(layer: SCRAMAuthenticator.layer, line: "user:SCRAM-SHA-256$…", maker: "patchbay key --scram") { text throws(PatchbayError) in
            try SCRAMVerifier(text)
        }
    }
}

extension UserTable<SCRAMVerifier> {
    /// The user's verifier, or one that nothing fits. Takes as long for either.
    func verifier(for user: String) -> SCRAMVerifier {
        let (found, isKnown) = candidate(user)
        let invented = UnknownUser.verifier(for: user, like: found)
        return isKnown ? found : invented
    }
}
