internal import Crypto
internal import NIOCore
internal import PatchbayCore

/// The dialer's first message, read by the listener, and what is due after it.
struct ServerExchange {
    let user: String
    private let nonce: String
    private let binding: ChannelBinding
    private let bare: [UInt8]

    /// Reads the client-first-message. It must have this end's gs2 header: nothing is negotiated, and nobody acts for another (`a=`).
    init(_ message: [UInt8], binding: ChannelBinding) throws(PatchbayError) {
        guard message.starts(with: binding.header) else {
            guard let flag = message.first, message.count > 1, Set("nyp".utf8).contains(flag) else {
                throw .malformed("a first message that does not begin as one of SCRAM")
            }
            throw .wrongBinding
        }
        let bare = message[binding.header.count...]
        var reader = try AttributeReader(bare)
        guard let user = AttributeText.user(try reader.take("n")) else { throw .malformed("a user that is not written as one") }
        let nonce = try reader.take("r")
        guard AttributeText.nonce.contains(nonce.count), AttributeText.isNonce(nonce) else {
            throw .malformed(
                "a nonce that does not have \(AttributeText.nonce.lowerBound) to \(AttributeText.nonce.upperBound) printable characters"
            )
        }
        try reader.finish()
        self.user = user
        self.nonce = String(decoding: nonce, as: UTF8.self)
        self.binding = binding
        self.bare = Array(bare)
    }

    /// The server-first-message.
    /// - Parameters:
    ///   - verifier: what is kept of the user, or what stands in for a user who is not there.
    ///   - nonce: printable, without a comma, and never used before.
    func challenge(_ verifier: SCRAMVerifier, nonce: String) -> (message: [UInt8], challenge: ServerChallenge) {
        let whole = self.nonce + nonce
        let salt = verifier.salt.withUnsafeBytes { Base64.encode($0) }
        let message = Array("r=\(whole),s=\(salt),i=\(verifier.iterations)".utf8)
        return (message, ServerChallenge(verifier: verifier, nonce: whole, binding: binding, exchange: [bare, message]))
    }
}

/// The listener has asked, and waits for the dialer's proof.
struct ServerChallenge {
    fileprivate let verifier: SCRAMVerifier
    fileprivate let nonce: String
    fileprivate let binding: ChannelBinding
    /// AuthMessage, as far as it came.
    fileprivate let exchange: [[UInt8]]

    /// Reads the client-final-message.
    /// - Returns: the server-final-message, and the exported MAC.
    func verify(
        _ message: [UInt8]
    ) throws(PatchbayError) -> (message: [UInt8], exportedMAC: @Sendable (ByteBuffer) -> ByteBuffer) {
        // The proof is the last attribute; all before it is part of what is proved.
        guard let comma = message.lastIndex(of: UInt8(ascii: ",")) else { throw .malformed("a last message without a proof") }
        var last = try AttributeReader(message[(comma + 1)...])
        guard let proof = AttributeText.bytes(try last.take("p"), count: AttributeText.hash...AttributeText.hash) else {
            throw .malformed("a proof that is not base 64 of \(AttributeText.hash) bytes")
        }
        let withoutProof = message[..<comma]
        var reader = try AttributeReader(withoutProof)
        guard try reader.take("c").elementsEqual(binding.text.utf8) else { throw .wrongBinding }
        guard try reader.take("r").elementsEqual(nonce.utf8) else { throw .wrongNonce }
        try reader.finish()

        let exchange = (self.exchange + [Array(withoutProof)]).withCommas()
        let clientKey = Proof.masked(proof, storedKey: verifier.storedKey, exchange: exchange)
        let stored = SHA256.hash(data: clientKey)
        guard stored.withUnsafeBytes({ stored in verifier.storedKey.withUnsafeBytes { constantTimeEqual(stored, $0) } }) else {
            throw .wrongPassword
        }
        let signature = Proof.signature(serverKey: verifier.serverKey, exchange: exchange)
        return (
            Array("v=\(signature.withUnsafeBytes { Base64.encode($0) })".utf8),
            Proof.exportedMAC(clientKey: clientKey, exchange: exchange)
        )
    }
}
