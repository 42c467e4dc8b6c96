public import NIOCore
public import PatchbayCore

/// CPython's `deliver_challenge` and `answer_challenge`, for those who authenticate by hand, such as over a connection that was made
/// without a key. Both ends prove their key only where each does both: one delivers first and then answers, the other the reverse.
///
/// The stack must frame as Python does: `python+…?auth=none`, or `python-frames` with `bare`.
extension Connection {
    /// Challenges the peer to prove that it knows `key`, and tells it the verdict.
    ///
    /// Source: `deliver_challenge` in CPython's Lib/multiprocessing/connection.py.
    /// - Parameters:
    ///   - key: what both ends know; may be empty.
    ///   - allowsMD5: take the HMAC-MD5 of CPython 3.11 and older, which know nothing else.
    ///   - timeout: for the peer's answer; nil: the URL's `receive-timeout`, else no limit.
    /// - Throws: ``PatchbayError`` with `authenticationFailed` for another key or a digest that is not accepted; `protocolViolation` for
    ///   what is no answer; `closed` where the peer ends first; `unsupported` for another framing; what sends and receives throw.
    ///   The connection stays open: close it.
    public nonisolated(nonsending) func deliverChallenge(
        key: ByteBuffer,
        allowsMD5: Bool = false,
        timeout: Duration? = nil
    ) async throws {
        try requirePythonFraming()
        let challenge = PythonChallenge(key: Array(key.readableBytesView), digest: allowsMD5 ? .md5 : .sha256)
        let message = challenge.message(nonce: PythonAuthenticator.systemRandom(PythonChallenge.nonceBytes))
        try await send(bytes: message)
        let answer = try await receiveProof(timeout)
        do {
            try challenge.check(answer: answer, to: message)
        } catch {
            // The peer is told as far as it still listens; what counts here is why it was refused.
            try? await send(bytes: PythonChallenge.failure)
            flush()
            throw error
        }
        try await send(bytes: PythonChallenge.welcome)
        flush()
    }

    /// Proves to a peer that challenges that this end knows `key`, and waits for its verdict.
    ///
    /// Source: `answer_challenge` in CPython's Lib/multiprocessing/connection.py.
    /// - Parameters:
    ///   - key: what both ends know; may be empty.
    ///   - allowsMD5: answer with the HMAC-MD5 of CPython 3.11 and older, which know nothing else.
    ///   - timeout: for each message of the peer; nil: the URL's `receive-timeout`, else no limit.
    /// - Throws: as ``deliverChallenge(key:allowsMD5:timeout:)``.
    public nonisolated(nonsending) func answerChallenge(
        key: ByteBuffer,
        allowsMD5: Bool = false,
        timeout: Duration? = nil
    ) async throws {
        try requirePythonFraming()
        let challenge = PythonChallenge(key: Array(key.readableBytesView), digest: allowsMD5 ? .md5 : .sha256)
        try await send(bytes: try challenge.answer(to: try await receiveProof(timeout)))
        try challenge.check(verdict: try await receiveProof(timeout))
    }

    private nonisolated(nonsending) func receiveProof(_ timeout: Duration?) async throws -> ByteBuffer {
        do {
            if let message = try await receiveBytes(maximum: PythonChallenge.maximumMessageBytes, timeout: timeout) { return message }
        } catch let error as PatchbayError where error.code == .messageTooLarge {
            throw PythonChallenge.tooLong(cause: error)
        }
        throw PatchbayError(
            .closed,
            "the peer closed the connection before it authenticated; it may expect another key, or none",
            stage: .authenticate,
            layer: PythonPlugin.authenticatorName
        )
    }

    /// A pipe has no stack: there both ends are ours, and any framing does.
    private func requirePythonFraming() throws {
        guard let stack, !(stack.framing is PythonFraming && stack.isBare) else { return }
        throw PatchbayError(
            .unsupported,
            "only a peer that frames as Python does can authenticate this way; write python+…?auth=none, or python-frames+bare+… in the URL",
            stage: .authenticate,
            layer: PythonPlugin.authenticatorName
        )
    }
}
