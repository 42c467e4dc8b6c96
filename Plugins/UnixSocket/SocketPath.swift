internal import CPatchbayIO
internal import Glibc
internal import PatchbayCore
internal import PatchbayIO

/// A path that a listener claims: its own if nobody lives there, never taken from one who does.
///
/// Binding alone cannot do it. A socket's file outlives its process, so a stale one has to go first; and between bind and listen a
/// live socket refuses like a stale one, so that two starters could each take away the other's. A lock (``PathLock``) makes probe,
/// unlink, bind and listen one step among those who honour it.
struct SocketPath: Sendable {
    let path: String
    let permissions: UInt32
    let layer: String

    init(_ path: String, permissions: UInt32, layer: String) {
        self.path = path
        self.permissions = permissions
        self.layer = layer
    }

    static func checkLength(of path: String, stage: PatchbayError.Stage, layer: String) throws(PatchbayError) {
        guard path.utf8.count <= Address.longestUnixPath else {
            throw PatchbayError(
                .pathTooLong,
                "a Unix socket's path has at most \(Address.longestUnixPath) bytes, and this one has \(path.utf8.count): \(path); choose a "
                    + "shorter one",
                stage: stage,
                layer: layer
            )
        }
    }

    /// Binds and listens; the file goes away with the listener.
    /// - Throws: ``PatchbayError`` at stage `listen`: `addressInUse` where somebody listens, `notASocket` where another file lies.
    func listen(backlog: Int, reactor: Reactor) async throws -> SocketListener {
        let lock = try await lock(on: reactor)
        return try listen(holding: lock, backlog: backlog, reactor: reactor)
    }

    private func listen(holding _: borrowing PathLock, backlog: Int, reactor: Reactor) throws(PatchbayError) -> SocketListener {
        try makeRoom()
        let socket = cpb_socket(AF_UNIX, CInt(SOCK_STREAM.rawValue))
        guard socket >= 0 else { throw explained(-socket, "open a socket") }
        let file: FileStatus.Identity
        do throws(PatchbayError) {
            file = try bind(socket, backlog: backlog)
        } catch {
            _ = cpb_close(socket)
            throw error
        }
        let path = path
        let remove: @Sendable () -> Void = { Self.remove(path, ifStill: file) }
        do throws(IOFailure) {
            return try SocketListener(socket: socket, settings: nil, reactor: reactor, beforeClose: remove)
        } catch {
            remove()
            throw SystemErrors.explain(error, path, stage: .listen, layer: layer)
        }
    }

    /// How long starters that race wait for each other: each holds the lock for a few system calls.
    private static let patience = 500
    private static let pause = Duration.milliseconds(4)

    private func lock(on reactor: Reactor) async throws -> PathLock {
        for _ in 0..<Self.patience {
            do throws(IOFailure) {
                if let lock = try PathLock.take(path + ".lock") { return lock }
            } catch {
                throw SystemErrors.explain(error, path, stage: .listen, layer: layer)
            }
            // Not a blocking flock: it would hold up the reactor.
            try await reactor.sleep(for: Self.pause)
        }
        throw PatchbayError(
            .addressInUse,
            "cannot listen on \(path): another process holds \(path).lock; stop it, or choose another path",
            stage: .listen,
            layer: layer
        )
    }

    /// Removes a stale socket; leaves everything else alone.
    private func makeRoom() throws(PatchbayError) {
        guard let found = FileStatus(of: path) else {
            if errno == ENOENT { return }
            throw explained(errno, "look at the path")
        }
        guard found.isSocket else {
            throw PatchbayError(
                .notASocket,
                "cannot listen on \(path): a file lies there that is no socket, and it is left alone; move it, or choose another path",
                stage: .listen,
                layer: layer
            )
        }
        let probe = cpb_socket(AF_UNIX, CInt(SOCK_STREAM.rawValue))
        guard probe >= 0 else { throw explained(-probe, "open a socket") }
        defer { _ = cpb_close(probe) }
        switch -Address.unix(path).withSystemAddress({ cpb_connect(probe, $0, $1) }) {
        case ECONNREFUSED:
            if unlink(path) < 0, errno != ENOENT { throw explained(errno, "remove a stale socket") }
        case ENOENT: break
        // A full backlog (EAGAIN) or a datagram socket (EPROTOTYPE) is a life as well.
        case 0, EAGAIN, EINPROGRESS, EPROTOTYPE: throw explained(EADDRINUSE, "bind")
        case let other: throw explained(other, "ask whether somebody listens")
        }
    }

    private func bind(_ socket: CInt, backlog: Int) throws(PatchbayError) -> FileStatus.Identity {
        // Before bind, so that the file is never open to more users than asked, not even for a moment: bind gives the file the
        // socket's mode, less the umask.
        guard fchmod(socket, permissions) == 0 else { throw explained(errno, "set permissions") }
        var status = Address.unix(path).withSystemAddress { cpb_bind(socket, $0, $1) }
        guard status >= 0 else { throw explained(-status, "bind") }
        guard let bound = FileStatus(of: path) else { throw explained(errno, "look at the socket") }
        do throws(PatchbayError) {
            if bound.permissions != permissions { try widen(bound) }
            status = cpb_listen(socket, CInt(clamping: backlog))
            guard status >= 0 else { throw explained(-status, "listen") }
        } catch {
            Self.remove(path, ifStill: bound.identity)
            throw error
        }
        return bound.identity
    }

    /// Gives back what the umask took. By descriptor: whoever may write to the folder could have put a link in the file's place.
    private func widen(_ bound: FileStatus) throws(PatchbayError) {
        let file = cpb_open_for_name(path)
        guard file >= 0 else { throw explained(-file, "set permissions") }
        defer { _ = cpb_close(file) }
        guard FileStatus(of: file)?.identity == bound.identity else { throw explained(ENOENT, "set permissions") }
        guard chmod("/proc/self/fd/\(file)", permissions) == 0 else { throw explained(errno, "set permissions") }
    }

    /// Called while the socket still answers: so no starter that probes can have replaced the file, and since the socket holds its
    /// file's inode, the number cannot have been given to another.
    private static func remove(_ path: String, ifStill file: FileStatus.Identity) {
        if FileStatus(of: path)?.identity == file { _ = unlink(path) }
    }

    private func explained(_ error: CInt, _ operation: String) -> PatchbayError {
        SystemErrors.explain(IOFailure(errno: error, operation: operation), path, stage: .listen, layer: layer)
    }
}
