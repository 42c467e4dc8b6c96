internal import CPatchbayIO
internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// A descriptor that a plugin handed over, before it is trusted.
struct HandedDescriptor {
    /// What is wrong with one.
    struct Fault: Error {
        /// The rest of a sentence about the function that gave it.
        var what: String
        /// It surely is the plugin's, so that it was closed; others may be the host's own, and are left alone.
        var isClosed: Bool
    }

    let number: CInt
    /// The domain of the socket, such as AF_UNIX.
    let family: CInt

    /// - Parameters:
    ///   - listening: it must listen; else it must not.
    ///   - keepsBoundaries: it must be a SOCK_SEQPACKET; else a SOCK_STREAM.
    init(_ number: CInt, listening: Bool, keepsBoundaries: Bool) throws(Fault) {
        self.number = number
        guard number >= 0 else { throw Fault(what: "gave no descriptor (\(number)) with its success", isClosed: false) }
        guard number > 2 else { throw Fault(what: "gave descriptor \(number), which is a standard one", isClosed: false) }
        var status = stat()
        guard fstat(number, &status) == 0 else { throw Fault(what: "gave descriptor \(number), which is closed", isClosed: false) }
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw Fault(what: "gave descriptor \(number), which is no socket", isClosed: false)
        }
        guard !OwnedDescriptors.contains(number) else {
            throw Fault(what: "gave descriptor \(number), which another connection of this process has", isClosed: false)
        }
        family = Self.option(number, SO_DOMAIN) ?? -1
        do throws(Fault) {
            try Self.check(number, listening: listening, type: keepsBoundaries ? SOCK_SEQPACKET : SOCK_STREAM)
        } catch {
            // A socket that no stream of this process has: the plugin's.
            _ = cpb_close(number)
            throw error
        }
    }

    private static func check(_ number: CInt, listening: Bool, type: __socket_type) throws(Fault) {
        guard option(number, SO_TYPE) == CInt(type.rawValue) else {
            throw Fault(
                what: "gave a socket of another type than \(type == SOCK_STREAM ? "SOCK_STREAM" : "SOCK_SEQPACKET, as its flags say")",
                isClosed: true
            )
        }
        guard (option(number, SO_ACCEPTCONN) ?? 0 != 0) == listening else {
            throw Fault(what: listening ? "gave a socket that does not listen" : "gave a socket that listens", isClosed: true)
        }
        guard fcntl(number, F_GETFL) & O_NONBLOCK != 0 else {
            throw Fault(what: "gave a socket that blocks (no O_NONBLOCK)", isClosed: true)
        }
        guard fcntl(number, F_GETFD) & FD_CLOEXEC != 0 else {
            throw Fault(what: "gave a socket that child processes would inherit (no FD_CLOEXEC)", isClosed: true)
        }
    }

    private static func option(_ number: CInt, _ name: CInt) -> CInt? {
        var value: CInt = 0
        return cpb_get_option(number, SOL_SOCKET, name, &value) >= 0 ? value : nil
    }
}

extension HandedDescriptor {
    /// As a stream that the host reads and writes as its own.
    func stream(keepsBoundaries: Bool, on reactor: Reactor) -> any ByteStream {
        let stream = SocketStream(socket: number, isUnix: family == AF_UNIX, reactor: reactor)
        return keepsBoundaries ? PacketSocketStream(stream) : stream
    }
}
