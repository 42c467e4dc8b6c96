internal import NIOCore
internal import NIOSSL
internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// One end of TLS without a socket: swift-nio-ssl's handler in a channel of memory.
final class TLSEngine {
    private let settings: TLSSettings
    private let channel: MemoryChannel
    private let events = TLSEvents()
    private let handler: NIOSSLHandler
    private var isOver = false

    /// Plain bytes that are sealed at once: what the handler keeps room for.
    private static let pieceBytes = 65_536

    init(_ settings: TLSSettings) throws {
        self.settings = settings
        switch settings.role {
        case .dialer: handler = try NIOSSLClientHandler(context: settings.context, serverHostname: settings.serverName.hostName)
        case .listener: handler = NIOSSLServerHandler(context: settings.context)
        }
        channel = MemoryChannel(remoteAddress: settings.serverName.address)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(handler)
        try pipeline.addHandler(events)
    }

    deinit { channel.dismantle() }

    // MARK: The handshake

    func start() { channel.activate() }

    var isUp: Bool { events.isUp }

    /// What both ends agreed to speak inside (ALPN); nil where they did not say.
    var applicationProtocol: String? { events.applicationProtocol }

    var peerCertificate: NIOSSLCertificate? { handler.peerCertificate }

    /// What TLS wants to send.
    func takeOutput() -> ByteBuffer {
        var output = ByteBuffer()
        channel.fetch(into: &output)
        return output
    }

    // MARK: Both

    /// Why it cannot go on.
    var failure: PatchbayError? {
        guard let error = events.error else { return nil }
        return TLSFailure(error, of: self, settings).error
    }

    func receive(_ bytes: ByteBuffer) {
        // What comes behind close_notify is to be ignored: RFC 8446, section 6.1.
        guard bytes.readableBytes > 0, events.error == nil, !events.hasEnded else { return }
        channel.receive(bytes)
    }

    // MARK: The stream

    /// Appends records to `wire`, behind what TLS wanted to say while it read.
    func seal(_ plain: ByteBuffer, into wire: inout ByteBuffer) throws(PatchbayError) {
        let before = wire.readableBytes
        channel.fetch(into: &wire)
        if let failure {
            // The alert goes out where there is one; what should follow it has nowhere to go.
            if wire.readableBytes > before { return }
            throw failure
        }
        var rest = plain
        while rest.readableBytes > 0, let piece = rest.readSlice(length: min(rest.readableBytes, Self.pieceBytes)) {
            guard !isOver, !channel.isClosed else { throw sealingFailed() }
            channel.send(piece)
            channel.fetch(into: &wire)
        }
        if channel.isClosed { throw sealingFailed() }
    }

    private func sealingFailed() -> PatchbayError {
        failure
            ?? PatchbayError(.encodingFailed, "TLS takes no more bytes: this direction has ended", stage: .encode, layer: TLSSettings.layer)
    }

    /// Appends close_notify.
    func sealEnd(into wire: inout ByteBuffer) {
        if !isOver, events.error == nil {
            isOver = true
            channel.endOutput()
        }
        channel.fetch(into: &wire)
    }

    /// Takes all of `wire`, and gives up to `maximum` bytes of what was in it.
    func open(_ wire: inout ByteBuffer, into plain: inout ByteBuffer, upTo maximum: Int) throws(PatchbayError) -> OpenOutcome {
        if events.plain.readableBytes == 0 {
            events.plain.clear()
            if let bytes = wire.readSlice(length: wire.readableBytes) { receive(bytes) }
        }
        if let given = events.plain.readSlice(length: min(events.plain.readableBytes, max(maximum, 1))), given.readableBytes > 0 {
            plain.writeImmutableBuffer(given)
            return .bytes(given.readableBytes)
        }
        if let failure { throw failure }
        return events.hasEnded ? .end : .need(1)
    }
}

/// An engine that the two directions of a connection share, which are read and written under different locks.
final class SharedTLSEngine: Sendable {
    let engine: Locked<TLSEngine>

    init(_ settings: TLSSettings) throws { engine = Locked(try TLSEngine(settings)) }
}
