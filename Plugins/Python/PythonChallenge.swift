package import NIOCore
package import PatchbayCore

/// Both halves of CPython's challenge and response, as pure functions over whole messages.
///
/// `deliver_challenge` there is ``message(nonce:)``, ``check(answer:to:)`` and ``welcome``; `answer_challenge` is
/// ``answer(to:)`` and ``check(verdict:)``. Each end does both, the listener's challenge first.
/// Source: CPython's Lib/multiprocessing/connection.py.
package struct PythonChallenge: Sendable {
    /// The longest message of an authentication.
    package static let maximumMessageBytes = 256
    /// Random bytes behind the digest's name in a challenge of CPython 3.12 and later.
    package static let nonceBytes = 40
    /// The length of a challenge of CPython 3.11 and earlier, which names no digest.
    static let legacyNonceBytes = 20

    package static let welcome = ByteBuffer(string: "#WELCOME#")
    package static let failure = ByteBuffer(string: "#FAILURE#")
    static let marker = Array("#CHALLENGE#".utf8)

    let key: [UInt8]
    /// The digest that our challenges name.
    let digest: PythonDigest
    /// MD5 may be answered, and accepted as an answer.
    let allowsMD5: Bool

    /// - Parameter digest: what our challenges name; `md5` stands for `sha256` with MD5 allowed from peers that know nothing else.
    package init(key: [UInt8], digest: PythonDigest = .sha256) {
        self.key = key
        self.digest = digest == .md5 ? .sha256 : digest
        allowsMD5 = digest == .md5
    }

    /// Our challenge around fresh random bytes.
    package func message(nonce: [UInt8]) -> ByteBuffer { ByteBuffer(bytes: Self.marker + digest.prefix + nonce) }

    /// The answer to a peer's challenge.
    /// - Throws: `protocolViolation` for what is no challenge, `authenticationFailed` for one that asks for a digest we do not use.
    package func answer(to challenge: ByteBuffer) throws(PatchbayError) -> ByteBuffer {
        try bound(challenge)
        let bytes = challenge.readableBytesView
        guard bytes.starts(with: Self.marker) else {
            throw violation(
                "the peer sent \(challenge.readableBytes) bytes that are no challenge; "
                    + "it probably has no key: give it the same authkey, or connect to it with auth=none"
            )
        }
        let message = bytes.dropFirst(Self.marker.count)
        guard message.count >= Self.legacyNonceBytes else {
            throw violation("the peer's challenge is too short: \(message.count) bytes of at least \(Self.legacyNonceBytes)")
        }
        if message.count == Self.legacyNonceBytes {
            guard allowsMD5 else { throw Self.legacyPeer("challenges with") }
            return ByteBuffer(bytes: PythonDigest.md5.authenticationCode(for: message, key: key))
        }
        guard let (digest, _) = PythonDigest.named(by: message) else {
            throw failure("the peer's challenge names no digest that is known here (md5, sha256, sha384, sha3_256, sha3_384)")
        }
        guard digest != .md5 || allowsMD5 else {
            throw failure("the peer asks for HMAC-MD5; add python.digest=md5 to the URL if you accept MD5")
        }
        return ByteBuffer(bytes: digest.prefix + digest.authenticationCode(for: message, key: key))
    }

    /// Checks the peer's answer to ``message(nonce:)``; the peer is then told ``welcome``, or ``failure`` after a throw.
    /// - Throws: `authenticationFailed`, or `protocolViolation` for a message that is too long.
    package func check(answer: ByteBuffer, to challenge: ByteBuffer) throws(PatchbayError) {
        try bound(answer)
        let bytes = answer.readableBytesView
        let message = challenge.readableBytesView.dropFirst(Self.marker.count)
        let named = PythonDigest.named(by: bytes)
        guard named != nil || bytes.count == PythonDigest.md5.byteCount else {
            throw failure("the peer sent no answer to the challenge; it probably has no key: give it the same authkey")
        }
        let digest = named?.digest ?? .md5
        guard digest != .md5 || allowsMD5 else { throw Self.legacyPeer("answers with") }
        guard digest.isValid(bytes.dropFirst(named?.prefixBytes ?? 0), for: message, key: key) else {
            throw failure("the peer has another key; give both ends the same one, byte for byte")
        }
    }

    /// Checks what the peer says of our answer.
    /// - Throws: `authenticationFailed`, or `protocolViolation` for what is no verdict.
    package func check(verdict: ByteBuffer) throws(PatchbayError) {
        if verdict == Self.welcome { return }
        try bound(verdict)
        guard verdict == Self.failure else {
            throw violation("the peer answered our answer with neither welcome nor failure; it speaks another protocol")
        }
        throw failure("the peer refused our answer: it has another key, or does not accept our digest; give both ends the same key")
    }

    private func bound(_ message: ByteBuffer) throws(PatchbayError) {
        if message.readableBytes > Self.maximumMessageBytes { throw Self.tooLong() }
    }

    /// What is thrown for a message that is longer than any of an authentication.
    static func tooLong(cause: PatchbayError? = nil) -> PatchbayError {
        var error = error(
            .protocolViolation,
            "the peer sent more than the \(maximumMessageBytes) bytes that are allowed during authentication; "
                + "it probably has no key: give it the same authkey"
        )
        error.cause = cause
        return error
    }

    private func violation(_ message: String) -> PatchbayError { Self.error(.protocolViolation, message) }
    private func failure(_ message: String) -> PatchbayError { Self.error(.authenticationFailed, message) }

    private static func legacyPeer(_ does: String) -> PatchbayError {
        error(
            .authenticationFailed,
            "the peer \(does) HMAC-MD5: it is CPython 3.11 or older; add python.digest=md5 to the URL if you accept MD5"
        )
    }

    private static func error(_ code: PatchbayError.Code, _ message: String) -> PatchbayError {
        PatchbayError(code, message, stage: .authenticate, layer: PythonPlugin.authenticatorName)
    }
}

/// The key is in no description, however deep the value that is printed.
extension PythonChallenge: CustomStringConvertible, CustomReflectable {
    package var description: String { "PythonChallenge(\(allowsMD5 ? "md5" : digest.rawValue))" }

    package var customMirror: Mirror { Mirror(self, children: ["digest": digest, "allowsMD5": allowsMD5]) }
}
