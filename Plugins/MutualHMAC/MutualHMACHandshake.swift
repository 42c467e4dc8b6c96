internal import Crypto
internal import NIOCore
internal import PatchbayCore

/// One end of the exchange: the dialer proves, the listener verifies and proves back, the dialer verifies.
///
/// The listener says nothing that depends on the key to a dialer that has not proved that it holds it.
struct MutualHMACHandshake: Handshake {
    private enum State {
        case idle, awaitingProof, over
    }

    private let role: Role
    private let schedule: KeySchedule
    private var state = State.idle
    private var ownProof: [UInt8] = []

    init(role: Role, schedule: KeySchedule) {
        self.role = role
        self.schedule = schedule
    }

    mutating func step(_ input: HandshakeInput) throws -> HandshakeStep {
        switch (state, input) {
        case (.idle, .start):
            state = .awaitingProof
            guard role == .dialer else { return HandshakeStep(next: .receive) }
            ownProof = schedule.dialerProof()
            return HandshakeStep(output: [ByteBuffer(bytes: ownProof)], next: .receive)
        case (.awaitingProof, .message(let message)):
            state = .over
            return try role == .dialer ? finishDialing(message) : finishListening(message)
        default:
            state = .over
            throw PatchbayError(
                .protocolViolation,
                "hmac: a message that this handshake does not ask for",
                stage: .authenticate,
                layer: MutualHMACAuthenticator.layer
            )
        }
    }

    private func finishDialing(_ message: ByteBuffer) throws(PatchbayError) -> HandshakeStep {
        let expected = schedule.listenerProof(after: ownProof)
        try verify(message, expected)
        return HandshakeStep(next: .done(result(dialerProof: ownProof, listenerProof: expected)))
    }

    private func finishListening(_ message: ByteBuffer) throws(PatchbayError) -> HandshakeStep {
        let expected = schedule.dialerProof()
        try verify(message, expected)
        let proof = schedule.listenerProof(after: expected)
        return HandshakeStep(output: [ByteBuffer(bytes: proof)], next: .done(result(dialerProof: expected, listenerProof: proof)))
    }

    private func verify(_ message: ByteBuffer, _ expected: [UInt8]) throws(PatchbayError) {
        guard message.readableBytes == expected.count else {
            throw PatchbayError(
                .protocolViolation,
                "hmac: a proof of \(message.readableBytes) bytes instead of \(expected.count); the peer speaks something else",
                stage: .authenticate,
                layer: MutualHMACAuthenticator.layer
            )
        }
        let isEqual = message.withUnsafeReadableBytes { message in
            expected.withUnsafeBytes { constantTimeEqual(message, $0) }
        }
        guard isEqual else {
            throw PatchbayError(
                .authenticationFailed,
                "the peer does not hold the same key, or the greeting was changed on its way; check the key at both ends",
                stage: .authenticate,
                layer: MutualHMACAuthenticator.layer
            )
        }
    }

    private func result(dialerProof: [UInt8], listenerProof: [UInt8]) -> HandshakeResult {
        let keys = schedule.sessionKeys(dialerProof: dialerProof, listenerProof: listenerProof)
        let exported = KeyedSHA256(key: keys.exported)
        return HandshakeResult(
            exportedMAC: { bytes in ByteBuffer(bytes: bytes.withUnsafeReadableBytes { exported.code($0) }) },
            transform: RecordTransform(
                sealing: role == .dialer ? keys.dialerToListener : keys.listenerToDialer,
                opening: role == .dialer ? keys.listenerToDialer : keys.dialerToListener
            )
        )
    }
}
