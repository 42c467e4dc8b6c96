internal import CPatchbayIO
internal import Glibc

extension Reactor {
    /// A stream over a connected stream socket, TCP or Unix, for transports that dial with calls of their own.
    /// - Parameter socket: belongs to the stream from here on, whatever comes of this; it becomes non-blocking and close-on-exec.
    /// - Throws: ``IOFailure`` for what is no socket.
    public func stream(adopting socket: CInt) throws(IOFailure) -> any ByteStream {
        let address = try AdoptedSocket.prepare(socket)
        return SocketStream(socket: socket, isUnix: address.family == AF_UNIX, reactor: self)
    }

    /// A stream over a socket that another process opened.
    /// - Throws: ``IOFailure`` for what is no connected stream socket.
    package func stream(adopting descriptor: consuming OwnedDescriptor) throws(IOFailure) -> SocketStream {
        var type: CInt = 0
        var isListening: CInt = 0
        guard cpb_get_option(descriptor.number, SOL_SOCKET, SO_TYPE, &type) >= 0, type == CInt(SOCK_STREAM.rawValue),
            cpb_get_option(descriptor.number, SOL_SOCKET, SO_ACCEPTCONN, &isListening) >= 0, isListening == 0
        else { throw IOFailure(errno: ENOTSOCK, operation: "take over a socket") }
        let socket = descriptor.take()
        let address = try AdoptedSocket.prepare(socket)
        return SocketStream(socket: socket, isUnix: address.family == AF_UNIX, reactor: self)
    }
}

/// A socket that somebody else opened.
package enum AdoptedSocket {
    /// Sets its flags; closes it where that fails.
    /// - Returns: its own address.
    package static func prepare(_ socket: CInt) throws(IOFailure) -> Address {
        let flags = fcntl(socket, F_GETFL)
        let isSet = flags >= 0 && fcntl(socket, F_SETFL, flags | O_NONBLOCK) >= 0 && fcntl(socket, F_SETFD, FD_CLOEXEC) >= 0
        let number = errno
        guard isSet, cpb_is_socket(socket) == 1, let address = Address.of(socket, cpb_local_address) else {
            _ = cpb_close(socket)
            throw IOFailure(errno: isSet ? ENOTSOCK : number, operation: "take over a socket")
        }
        return address
    }
}
