public import PatchbayIO

/// A listening stream socket, TCP or Unix, of a transport that binds with calls of its own.
public final class AdoptedListener: StreamListener {
    public let boundTarget: String
    private let listener: SocketListener

    /// - Parameters:
    ///   - socket: listens already; belongs to this from here on, whatever comes of this, and becomes non-blocking and close-on-exec.
    ///   - boundTarget: see ``StreamListener/boundTarget``.
    ///   - beforeClose: runs once, just before the socket is closed: removes what binding left behind, such as the socket's file.
    /// - Throws: `IOFailure` for what is no socket.
    public init(
        adopting socket: CInt,
        boundTarget: String,
        reactor: Reactor,
        beforeClose: (@Sendable () -> Void)? = nil
    ) throws(IOFailure) {
        let isUnix: Bool =
            switch try AdoptedSocket.prepare(socket) {
            case .unix, .abstract, .unnamed: true
            case .ipv4, .ipv6: false
            }
        let settings = isUnix ? nil : TCPSettings(noDelay: true, keepAlive: nil)
        listener = try SocketListener(socket: socket, settings: settings, reactor: reactor, beforeClose: beforeClose)
        self.boundTarget = boundTarget
    }

    public var address: Address? { listener.address }

    public func accept(_ home: @Sendable () -> Reactor) async throws -> (any ByteStream)? {
        do {
            return try await listener.accept(home)
        } catch let failure as IOFailure {
            throw PatchbayError(.systemFailure, "cannot accept on \(boundTarget): \(failure.reason)", stage: .listen, cause: failure)
        }
    }

    public func close() { listener.close() }
}
