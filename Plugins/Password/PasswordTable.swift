internal import PatchbayCore

extension UserFormat where Entry == PasswordHash {
    /// Lines `user:$scrypt$…`.
    static var passwords: Self {
        Self(layer: PasswordAuthenticator.layer, line: "user:$scrypt$…", maker: "patchbay key --password") { text throws(PatchbayError) in
            try PasswordHash(text)
        }
    }
}

extension UserTable<PasswordHash> {
    /// Holds its thread as long for a user who is not there.
    func verify(_ credentials: Credentials) throws(PatchbayError) -> Bool {
        let (hash, isKnown) = candidate(credentials.user)
        return try hash.verify(credentials.password) && isKnown
    }
}
