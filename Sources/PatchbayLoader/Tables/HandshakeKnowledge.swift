internal import CPatchbay
internal import NIOCore
internal import PatchbayCore
internal import PatchbayIO

/// What an authenticator may know, in C memory that lives as long as the handshake.
final class HandshakeKnowledge: @unchecked Sendable {
    // Sendable: nothing changes after init.

    let values: OptionValues
    private let role: UInt32
    private let transcript: UnsafeMutableRawBufferPointer
    private let user: UnsafeMutableRawBufferPointer?
    private let address: UnsafeMutableRawBufferPointer
    private let credentials: PeerCredentials?

    init(_ values: OptionValues, _ context: HandshakeContext) {
        self.values = values
        role = UInt32(context.role == .dialer ? PATCHBAY_DIALER : PATCHBAY_LISTENER)
        transcript = context.transcript.withUnsafeReadableBytes { Self.copy($0) }
        user = context.user.map { Self.copy(Array($0.utf8)) }
        address = Self.copy(Array((context.peer.address?.description ?? "").utf8))
        credentials = context.peer.credentials
    }

    deinit {
        transcript.deallocate()
        user?.deallocate()
        address.deallocate()
    }

    func fill(_ handshake: UnsafeMutablePointer<patchbay_handshake>, _ settings: UnsafePointer<patchbay_settings>) {
        handshake.pointee.role = role
        handshake.pointee.settings = settings
        handshake.pointee.transcript = Self.bytes(transcript)
        handshake.pointee.user = user.map(Self.bytes) ?? patchbay_bytes()
        handshake.pointee.peer_address = Self.bytes(address)
        handshake.pointee.peer_process = credentials.map { Int64($0.processID) } ?? -1
        handshake.pointee.peer_user = credentials.map { Int64($0.userID) } ?? -1
        handshake.pointee.peer_group = credentials.map { Int64($0.groupID) } ?? -1
    }

    private static func copy(_ bytes: some Collection<UInt8>) -> UnsafeMutableRawBufferPointer {
        // Never NULL, also for the empty text: NULL says that there is none.
        let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count + 1, alignment: 16)
        copy.copyBytes(from: bytes)
        copy[bytes.count] = 0
        return copy
    }

    private static func bytes(_ copy: UnsafeMutableRawBufferPointer) -> patchbay_bytes {
        patchbay_bytes(data: UnsafeRawPointer(copy.baseAddress), count: copy.count - 1)
    }
}
