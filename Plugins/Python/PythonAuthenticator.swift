public import NIOCore
public import PatchbayCore

/// The authentication of CPython's `multiprocessing.connection`: each end proves that it knows the key.
///
/// It ends with the handshake: what follows is neither encrypted nor protected, and a man in the middle can pass the proofs on.
public struct PythonAuthenticator: Authenticator {
    let challenge: PythonChallenge
    let random: @Sendable (_ count: Int) -> [UInt8]

    /// - Parameters:
    ///   - key: what both ends know; may be empty.
    ///   - allowsMD5: talk to CPython 3.11 and older, which know only HMAC-MD5.
    public init(key: ByteBuffer, allowsMD5: Bool = false) {
        self.init(key: Array(key.readableBytesView), digest: allowsMD5 ? .md5 : .sha256)
    }

    /// - Parameter random: gives so many unpredictable bytes.
    package init(key: [UInt8], digest: PythonDigest, random: @escaping @Sendable (_ count: Int) -> [UInt8] = Self.systemRandom) {
        challenge = PythonChallenge(key: key, digest: digest)
        self.random = random
    }

    public func makeHandshake(_ context: HandshakeContext) -> any Handshake {
        PythonHandshake(role: context.role, challenge: challenge, random: random)
    }

    @Sendable package static func systemRandom(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 7)
        // Eight at a time: each is a system call.
        while bytes.count < count { withUnsafeBytes(of: generator.next() as UInt64) { bytes.append(contentsOf: $0) } }
        bytes.removeLast(bytes.count - count)
        return bytes
    }
}

/// One end of one authentication with a `multiprocessing.connection` peer.
struct PythonHandshake: Handshake {
    /// What the next message must be.
    private enum Awaited {
        case start, challenge, answer, verdict, nothing
    }

    private let role: Role
    private let challenge: PythonChallenge
    private let random: @Sendable (Int) -> [UInt8]
    private var awaited = Awaited.start
    private var sent = ByteBuffer()
    private(set) var parting: ByteBuffer?

    init(role: Role, challenge: PythonChallenge, random: @escaping @Sendable (Int) -> [UInt8]) {
        self.role = role
        self.challenge = challenge
        self.random = random
    }

    mutating func step(_ input: HandshakeInput) throws -> HandshakeStep {
        let expected = awaited
        awaited = .nothing
        switch (expected, input) {
        case (.start, .start):
            return role == .listener ? deliver() : receive(.challenge)
        case (.challenge, .message(let message)):
            let answer = try challenge.answer(to: message)
            guard role == .dialer else { return receive(.verdict, sending: [answer]) }
            // Along with the answer, and not after its verdict as CPython does: a round trip less, and the same bytes.
            sent = challenge.message(nonce: random(PythonChallenge.nonceBytes))
            return receive(.verdict, sending: [answer, sent])
        case (.answer, .message(let message)):
            do {
                try challenge.check(answer: message, to: sent)
            } catch {
                parting = PythonChallenge.failure
                throw error
            }
            guard role == .listener else { return HandshakeStep(output: [PythonChallenge.welcome], next: .done(HandshakeResult())) }
            return receive(.challenge, sending: [PythonChallenge.welcome])
        case (.verdict, .message(let message)):
            try challenge.check(verdict: message)
            return role == .listener ? HandshakeStep(next: .done(HandshakeResult())) : receive(.answer)
        default:
            throw PatchbayError(
                .protocolViolation,
                "the handshake was driven with what it did not ask for",
                stage: .authenticate,
                layer: PythonPlugin.authenticatorName
            )
        }
    }

    private mutating func deliver() -> HandshakeStep {
        sent = challenge.message(nonce: random(PythonChallenge.nonceBytes))
        return receive(.answer, sending: [sent])
    }

    private mutating func receive(_ next: Awaited, sending messages: [ByteBuffer] = []) -> HandshakeStep {
        awaited = next
        return HandshakeStep(output: messages, next: .receive)
    }
}
