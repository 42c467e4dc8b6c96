internal import Crypto
package import NIOCore
package import PatchbayCore

/// A key that opens a relay: what its access file holds under a name.
package struct RelayKey: Sendable, Equatable {
    package static let shortest = 16

    package var id: String
    private let key: SymmetricKey

    /// - Parameter key: the bytes of the text as it is written.
    /// - Throws: `invalidOption` for a key of less than 16 bytes.
    package init(id: String, key: ByteBuffer) throws(PatchbayError) {
        guard key.readableBytes >= Self.shortest else {
            throw PatchbayError(
                .invalidOption,
                "the access key has \(key.readableBytes) bytes, and a relay's needs at least \(Self.shortest); `patchbay key` makes one",
                stage: .resolve,
                layer: "relay"
            )
        }
        self.id = id
        self.key = SymmetricKey(data: Array(key.readableBytesView))
    }

    /// One that nobody knows.
    package init(random id: String) {
        self.id = id
        key = SymmetricKey(size: .bits256)
    }

    fileprivate func code(_ label: String, _ bytes: ByteBuffer) -> HMAC<SHA256>.MAC {
        var code = HMAC<SHA256>(key: key)
        code.update(data: Array(label.utf8) + [0])
        bytes.withUnsafeReadableBytes { code.update(data: $0) }
        return code.finalize()
    }
}

/// All that was said on one connection until bytes pass, both ways, in order; and the proofs over it.
///
/// Each end says one thing at most before the other answers, so that both have the same.
package struct RelayTranscript: Sendable {
    private static let clientLabel = "patchbay relay 1 client"
    private static let relayLabel = "patchbay relay 1 relay"

    private var bytes = ByteBuffer()

    package init() {}

    package mutating func append(_ said: ByteBuffer) { bytes.writeImmutableBuffer(said) }

    /// Completes the last frame of `output`, which has a proof of zeros, and takes all of it up.
    package mutating func prove(_ output: inout ByteBuffer, with key: RelayKey, as role: Role) {
        let covered = output.readableBytes - RelayAccess.proofBytes
        guard covered >= 0, let before = output.getSlice(at: output.readerIndex, length: covered) else { return }
        append(before)
        let proof = Array(key.code(Self.label(role), bytes))
        output.setBytes(proof, at: output.readerIndex + covered)
        append(ByteBuffer(bytes: proof))
    }

    /// Takes up what the other end said, and checks the proof at its end in constant time.
    package mutating func verify(_ said: ByteBuffer, with key: RelayKey, from role: Role) -> Bool {
        let covered = said.readableBytes - RelayAccess.proofBytes
        guard covered >= 0, let before = said.getSlice(at: said.readerIndex, length: covered),
            let proof = said.getBytes(at: said.readerIndex + covered, length: RelayAccess.proofBytes)
        else { return false }
        append(before)
        let isRight = key.code(Self.label(role), bytes) == proof
        append(ByteBuffer(bytes: proof))
        return isRight
    }

    private static func label(_ role: Role) -> String { role == .dialer ? clientLabel : relayLabel }
}
