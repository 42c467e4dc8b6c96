internal import Crypto
internal import FoundationEssentials
internal import NIOCore
internal import PatchbayCore

/// One end of the handshake, as the greeting drives it.
struct NoiseHandshake: Handshake {
    private var state: HandshakeState
    private let role: Role
    private let peers: NoiseAuthenticator.Peers
    private var hasStarted = false
    private var isOver = false

    init(state: HandshakeState, role: Role, peers: NoiseAuthenticator.Peers) {
        self.state = state
        self.role = role
        self.peers = peers
    }

    mutating func step(_ input: HandshakeInput) throws -> HandshakeStep {
        switch input {
        case .start where !hasStarted && !isOver: hasStarted = true
        case .message(let message) where hasStarted && !isOver: try read(message)
        default:
            isOver = true
            throw Self.error(.protocolViolation, "noise: a message that this handshake does not ask for")
        }
        var output: [ByteBuffer] = []
        if state.speaks { output.append(try write()) }
        guard state.isDone else { return HandshakeStep(output: output, next: .receive) }
        isOver = true
        return HandshakeStep(output: output, next: .done(result()))
    }

    private mutating func write() throws(PatchbayError) -> ByteBuffer {
        do {
            return ByteBuffer(bytes: try state.write())
        } catch {
            isOver = true
            throw Self.error(
                .authenticationFailed,
                "the peer's key is none that anything could be agreed on with; check the keys at both ends",
                cause: error
            )
        }
    }

    private mutating func read(_ message: ByteBuffer) throws {
        isOver = true
        let payload: [UInt8]
        do {
            payload = try state.read(Array(message.readableBytesView))
        } catch NoiseFailure.malformed {
            throw Self.error(
                .protocolViolation,
                "noise: a message of \(message.readableBytes) bytes, too short for its place; the peer speaks something else"
            )
        } catch {
            throw Self.error(
                .authenticationFailed,
                "the peer does not hold the right key, or the greeting was changed on its way; check the keys at both ends",
                cause: error
            )
        }
        guard payload.isEmpty else { throw Self.error(.protocolViolation, "noise: a message with \(payload.count) bytes too many") }
        // Before anything is answered: a stranger learns no more than that it is refused.
        if case .these(let known) = peers, let remote = state.remoteStatic, !known.contains(Array(remote.rawRepresentation)) {
            throw Self.error(
                .authenticationFailed,
                "the peer's key \(KeyText.text(Array(remote.rawRepresentation))) is none of those that peer= names"
            )
        }
        isOver = false
    }

    private func result() -> HandshakeResult {
        let keys = state.split()
        let exported = keys.exported
        return HandshakeResult(
            identity: state.remoteStatic.map { "noise:" + KeyText.text(Array($0.rawRepresentation)) },
            exportedMAC: { bytes in
                ByteBuffer(bytes: Array(HMAC<SHA256>.authenticationCode(for: Array(bytes.readableBytesView), using: exported)))
            },
            transform: NoiseTransform(
                sealing: role == .dialer ? keys.dialer : keys.listener,
                opening: role == .dialer ? keys.listener : keys.dialer
            )
        )
    }

    private static func error(_ code: PatchbayError.Code, _ message: String, cause: (any Error)? = nil) -> PatchbayError {
        PatchbayError(code, message, stage: .authenticate, layer: NoiseAuthenticator.layer, cause: cause)
    }
}
