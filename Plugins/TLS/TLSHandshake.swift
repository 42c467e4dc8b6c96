internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// One end of the TLS handshake, on whatever bytes came.
struct TLSHandshake: Handshake {
    private enum Progress {
        case more
        case up(applicationProtocol: String?, identity: String?)
        case failed(PatchbayError)
    }

    private let settings: TLSSettings
    private let shared: SharedTLSEngine
    /// The alert, where TLS has one to send.
    private(set) var parting: ByteBuffer?

    init(_ settings: TLSSettings) throws {
        self.settings = settings
        shared = try SharedTLSEngine(settings)
    }

    mutating func step(_ input: HandshakeInput) throws -> HandshakeStep {
        let proves = settings.provesPeer
        let (output, progress) = shared.engine.withLock { engine -> (ByteBuffer, Progress) in
            switch input {
            case .start: engine.start()
            case .message(let bytes): engine.receive(bytes)
            case .verdict: break
            }
            let output = engine.takeOutput()
            if engine.isUp {
                // A failure behind the handshake is the opener's to tell.
                let identity = proves ? engine.peerCertificate.flatMap(PeerIdentity.name) : nil
                return (output, .up(applicationProtocol: engine.applicationProtocol, identity: identity))
            }
            return (output, engine.failure.map(Progress.failed) ?? .more)
        }
        let messages = output.readableBytes > 0 ? [output] : []
        switch progress {
        case .more: return HandshakeStep(output: messages, next: .receive)
        case .failed(let error):
            // Where the name is wrong the handler has finished the handshake all the same, and has no alert: the listener must not take
            // it for finished.
            let isWrongName = (error.cause as? TLSReason)?.kind == .wrongName
            parting = isWrongName ? nil : output
            throw error
        case .up(let negotiated, let identity):
            do {
                try checkProtocol(negotiated)
            } catch {
                var words = output
                shared.engine.withLock { engine in engine.sealEnd(into: &words) }
                parting = words
                throw error
            }
            let transform = TLSTransform(shared: shared, endsWithRecord: settings.endsWithRecord)
            return HandshakeStep(output: messages, next: .done(HandshakeResult(identity: identity, transform: transform)))
        }
    }

    private func checkProtocol(_ negotiated: String?) throws(PatchbayError) {
        guard let wanted = settings.applicationProtocol, negotiated != wanted else { return }
        throw PatchbayError(
            .protocolViolation,
            "the peer does not offer the protocol '\(wanted)' inside TLS (ALPN); give both ends the same alpn=, or alpn=none for a service "
                + "that has none",
            stage: .authenticate,
            layer: TLSSettings.layer
        )
    }
}
