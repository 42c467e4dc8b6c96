internal import CPatchbay
internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO
internal import Synchronization

/// One end of one authentication.
final class ExportedHandshake: Sendable {
    private struct State {
        var handshake: any Handshake
        var exportedMAC: (@Sendable (ByteBuffer) -> ByteBuffer)?
    }

    private let state: Locked<State>

    init(_ lent: UnsafePointer<patchbay_handshake>) throws {
        guard let settings = lent.pointee.settings else { throw HostRefusal(status: Status.invalid) }
        let layer = try ExportedPlugin.layer(settings)
        guard case .authenticator(_, let make) = layer.maker else {
            throw PatchbayError(.invalidArgument, "'\(layer.name)' is no authenticator", stage: .plugin, layer: layer.name)
        }
        let handshake = try make(Options(settings, of: layer)).makeHandshake(HandshakeContext(lent))
        state = Locked(State(handshake: handshake))
    }

    /// - Parameter message: the peer's; nil at first.
    /// - Returns: a status.
    func step(_ message: ByteBuffer?, _ lent: UnsafePointer<patchbay_handshake>) throws -> Int32 {
        // Calls for one instance come one at a time; the lock is not held while work is waited for.
        var handshake = state.withLock { $0.handshake }
        defer { state.withLock { [handshake] in $0.handshake = handshake } }
        var input = message.map(HandshakeInput.message) ?? .start
        while true {
            let step: HandshakeStep
            do { step = try handshake.step(input) } catch {
                if let parting = handshake.parting { try? lent.send(parting) }
                throw error
            }
            for output in step.output { try lent.send(output) }
            switch step.next {
            case .receive: return Status.goOn
            case .perform(let work): input = .verdict(try BlockingWait.run(work))
            case .done(let result):
                guard result.transform == nil else {
                    throw PatchbayError(
                        .unsupported,
                        "this authenticator leaves a transform on the stream, for which a shared object has no words; link it in",
                        stage: .authenticate
                    )
                }
                if let identity = result.identity { try lent.identify(identity) }
                state.withLock { $0.exportedMAC = result.exportedMAC }
                return Status.done
            }
        }
    }

    func exportedMAC(_ bytes: ByteBuffer) throws -> ByteBuffer {
        guard let exportedMAC = state.withLock({ $0.exportedMAC }) else {
            throw PatchbayError(.unsupported, "this handshake gives no key", stage: .authenticate)
        }
        let mac = exportedMAC(bytes)
        guard mac.readableBytes == 32 else {
            throw PatchbayError(.unsupported, "the exported code has \(mac.readableBytes) bytes; HMAC-SHA256 has 32", stage: .authenticate)
        }
        return mac
    }
}

extension UnsafePointer<patchbay_handshake> {
    fileprivate func send(_ message: ByteBuffer) throws {
        try message.withUnsafeReadableBytes { try HostRefusal.check(pointee.send?(self, $0.baseAddress, $0.count)) }
    }

    fileprivate func identify(_ name: String) throws {
        var name = name
        try name.withUTF8 { bytes in
            try bytes.withMemoryRebound(to: CChar.self) { try HostRefusal.check(pointee.identify?(self, $0.baseAddress, $0.count)) }
        }
    }
}

extension HandshakeContext {
    fileprivate init(_ lent: UnsafePointer<patchbay_handshake>) {
        let handshake = lent.pointee
        var peer = StreamPeer(address: Address(described: String(decoding: UnsafeRawBufferPointer(handshake.peer_address), as: UTF8.self)))
        if let process = Int32(exactly: handshake.peer_process), let user = UInt32(exactly: handshake.peer_user),
            let group = UInt32(exactly: handshake.peer_group)
        {
            peer.credentials = PeerCredentials(processID: process, userID: user, groupID: group)
        }
        self.init(
            role: handshake.role == UInt32(PATCHBAY_LISTENER) ? .listener : .dialer,
            transcript: ByteBuffer(bytes: UnsafeRawBufferPointer(handshake.transcript)),
            peer: peer,
            user: handshake.user.data == nil ? nil : String(decoding: UnsafeRawBufferPointer(handshake.user), as: UTF8.self)
        )
    }
}

extension Address {
    /// Reads what ``description`` gives; nil for anything else.
    fileprivate init?(described text: String) {
        if text.hasPrefix("/") {
            self = .unix(text)
        } else if text.hasPrefix("@") {
            self = .abstract(Array(text.utf8.dropFirst()))
        } else if text == "unnamed" {
            self = .unnamed
        } else {
            guard let colon = text.lastIndex(of: ":"), let port = UInt16(text[text.index(after: colon)...]) else { return nil }
            let host = text[..<colon]
            let bare = host.hasPrefix("[") && host.hasSuffix("]") ? host.dropFirst().dropLast() : host
            guard let address = Address(numericHost: String(bare), port: port) else { return nil }
            self = address
        }
    }
}
