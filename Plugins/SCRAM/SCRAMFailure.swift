internal import PatchbayCore

extension PatchbayError {
    static func scram(_ code: Code, _ message: String, cause: (any Error)? = nil) -> PatchbayError {
        PatchbayError(code, message, stage: .authenticate, layer: SCRAMAuthenticator.layer, cause: cause)
    }

    /// A message that is not one of SCRAM.
    static func malformed(_ reason: String) -> PatchbayError { scram(.protocolViolation, "scram: \(reason)") }

    /// The same for every user and every password, whichever was wrong.
    static var wrongPassword: PatchbayError { scram(.authenticationFailed, "the user or the password is wrong") }

    static var wrongBinding: PatchbayError {
        scram(
            .authenticationFailed,
            "the dialer's proof is not bound to this greeting as this end sees it; somebody may stand between the two ends"
        )
    }

    static var wrongNonce: PatchbayError { scram(.authenticationFailed, "the peer answers to another handshake than this one") }

    /// What a listener says with `e=` (RFC 5802 section 7); its own words are not repeated.
    static func refusal(_ word: ArraySlice<UInt8>) -> PatchbayError {
        switch String(decoding: word, as: UTF8.self) {
        case "invalid-proof", "unknown-user":
            scram(.authenticationFailed, "the listener refused the user or the password")
        case "channel-bindings-dont-match", "server-does-support-channel-binding", "channel-binding-not-supported",
            "unsupported-channel-binding-type":
            scram(
                .authenticationFailed,
                "the listener saw another greeting than this end, or binds to none; somebody may stand between the two ends"
            )
        case "invalid-encoding", "extensions-not-supported", "invalid-username-encoding":
            scram(.protocolViolation, "the listener did not understand this end's message; it may speak another form of SCRAM")
        case "no-resources": scram(.limitExceeded, "the listener has no resources left; try again later")
        // RFC 5802: words that are not known count as other-error.
        default: scram(.authenticationFailed, "the listener refused, and does not say why")
        }
    }
}
