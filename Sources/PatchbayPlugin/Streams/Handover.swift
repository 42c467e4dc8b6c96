internal import CPatchbayIO
internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// A connected socket on its way to the host.
struct Handover {
    let descriptor: CInt
    /// Each packet is a message.
    let keepsBoundaries: Bool

    /// Takes a stream's socket out of it; a stream that is more, or less, than a socket is pumped through a pair from the host.
    ///
    /// A stream's ``ByteStream/descriptor`` does not tell: what encrypts has one too, and its bytes are others.
    init(_ stream: any ByteStream) throws {
        if let socket = (stream as? SocketStream)?.takeSocket() {
            descriptor = socket
            var type: CInt = 0
            keepsBoundaries = cpb_get_option(socket, SOL_SOCKET, SO_TYPE, &type) >= 0 && type == CInt(SOCK_SEQPACKET.rawValue)
            return
        }
        do {
            let pair = try ExportedPlugin.exported().host.streamPair()
            descriptor = pair.hosts
            keepsBoundaries = false
            StreamPump.join(stream, SocketStream(socket: pair.plugins, isUnix: true, reactor: stream.reactor))
        } catch {
            stream.close(abort: true)
            throw error
        }
    }
}
