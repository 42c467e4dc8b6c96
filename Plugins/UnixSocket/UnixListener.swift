internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// A bound Unix socket.
final class UnixListener: PeerTellingListener {
    let boundTarget: String
    private let listener: SocketListener
    private let layer: String
    private let check: PeerCheck
    /// Made for the socket, and removed with it.
    private let folder: String?

    init(
        _ listener: SocketListener,
        boundTarget: String,
        layer: String,
        check: PeerCheck = PeerCheck(requiredUser: nil),
        folder: String? = nil
    ) {
        self.folder = folder
        self.listener = listener
        self.boundTarget = boundTarget
        self.layer = layer
        self.check = check
    }

    // The reactor holds the socket, and would for ever.
    deinit { close() }

    var address: Address? { listener.address }

    var lastPeer: Address? { listener.lastPeer }

    func accept(_ home: @Sendable () -> Reactor) async throws -> (any ByteStream)? {
        let stream: SocketStream?
        do {
            stream = try await listener.accept(home)
        } catch let failure as IOFailure {
            throw SystemErrors.explain(failure, address?.description ?? "a socket", stage: .listen, layer: layer)
        }
        guard let stream else { return nil }
        do throws(PatchbayError) {
            try check.check(stream, stage: .listen)
        } catch {
            stream.close(abort: true)
            throw error
        }
        return stream
    }

    func close() {
        listener.close()
        if let folder { rmdir(folder) }
    }
}
