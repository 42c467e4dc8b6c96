internal import Crypto
internal import NIOCore
internal import PatchbayCore

/// The dialer's first message, and what is due after it.
struct ClientExchange {
    private let nonce: String
    private let binding: ChannelBinding
    /// The client-first-message without the gs2 header.
    private let bare: [UInt8]

    /// - Parameters:
    ///   - user: 1 to 255 bytes without control characters.
    ///   - nonce: printable, without a comma, and never used before.
    init(user: String, nonce: String, binding: ChannelBinding) {
        self.nonce = nonce
        self.binding = binding
        bare = Array("n=\(AttributeText.escaped(user)),r=\(nonce)".utf8)
    }

    var message: [UInt8] { binding.header + bare }

    /// Reads the server-first-message, or a refusal in its place.
    /// - Parameter iterations: what this end is willing to compute.
    func challenge(_ message: [UInt8], iterations bounds: ClosedRange<Int>) throws(PatchbayError) -> ClientChallenge {
        var reader = try AttributeReader(message[...])
        if reader.isNext("e") { throw .refusal(try reader.take("e")) }
        let nonce = try reader.take("r")
        guard nonce.count > self.nonce.utf8.count, nonce.starts(with: self.nonce.utf8) else { throw .wrongNonce }
        guard nonce.count - self.nonce.utf8.count <= AttributeText.nonce.upperBound, AttributeText.isNonce(nonce) else {
            throw .malformed("a nonce that is too long, or not printable")
        }
        guard let salt = AttributeText.bytes(try reader.take("s"), count: AttributeText.salt) else {
            throw .malformed("a salt that is not base 64 of \(AttributeText.salt.lowerBound) to \(AttributeText.salt.upperBound) bytes")
        }
        guard let iterations = AttributeText.number(try reader.take("i")) else { throw .malformed("iterations that are no number") }
        try reader.finish()
        guard iterations >= bounds.lowerBound else {
            throw .scram(
                .refused,
                "the listener asks for \(iterations) iterations, and fewer than \(bounds.lowerBound) would help whoever guesses at the "
                    + "password; it needs new verifiers"
            )
        }
        guard iterations <= bounds.upperBound else {
            throw .scram(
                .refused,
                "the listener asks for more than the \(bounds.upperBound) iterations that this end computes; raise scram.max-iterations if "
                    + "it means that"
            )
        }
        let withoutProof = Array("c=\(binding.text),r=\(String(decoding: nonce, as: UTF8.self))".utf8)
        return ClientChallenge(
            salt: salt,
            iterations: iterations,
            withoutProof: withoutProof,
            exchange: [bare, message, withoutProof].withCommas()
        )
    }
}

/// What a listener asked for, and the answer to it.
struct ClientChallenge {
    let salt: [UInt8]
    let iterations: Int
    fileprivate let withoutProof: [UInt8]
    fileprivate let exchange: [UInt8]

    /// The client-final-message.
    /// - Parameter keys: of this salt and these iterations.
    func answer(_ keys: SaltedKeys) -> (message: [UInt8], proof: ClientProof) {
        let proof = Proof.masked(keys.client, storedKey: keys.stored, exchange: exchange)
        let message = withoutProof + Array(",p=".utf8) + Array(proof.withUnsafeBytes { Base64.encode($0) }.utf8)
        return (message, ClientProof(keys: keys, exchange: exchange))
    }
}

/// The dialer has proved itself, and waits for the listener's proof.
struct ClientProof {
    fileprivate let keys: SaltedKeys
    fileprivate let exchange: [UInt8]

    /// Reads the server-final-message.
    /// - Returns: the exported MAC.
    func verify(_ message: [UInt8]) throws(PatchbayError) -> @Sendable (ByteBuffer) -> ByteBuffer {
        var reader = try AttributeReader(message[...])
        if reader.isNext("e") { throw .refusal(try reader.take("e")) }
        guard let signature = AttributeText.bytes(try reader.take("v"), count: AttributeText.hash...AttributeText.hash) else {
            throw .malformed("a signature that is not base 64 of \(AttributeText.hash) bytes")
        }
        try reader.finish()
        let expected = Proof.signature(serverKey: keys.server, exchange: exchange)
        guard expected.withUnsafeBytes({ expected in signature.withUnsafeBytes { constantTimeEqual(expected, $0) } }) else {
            throw .scram(
                .authenticationFailed,
                "the listener does not know this user's password, nor what is kept of it; it is not who it should be"
            )
        }
        return Proof.exportedMAC(clientKey: keys.client, exchange: exchange)
    }
}

extension [[UInt8]] {
    /// The parts as one text, with a comma between.
    func withCommas() -> [UInt8] { [UInt8](joined(separator: [UInt8(ascii: ",")])) }
}
