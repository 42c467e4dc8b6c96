import Glibc
import PatchbayCore
import PatchbayIO
import PatchbayTesting
import Testing

@testable import PatchbayUnixSocket

@Suite("Unix sockets at a path")
struct UnixTransportTests {
    let folder: TemporaryFolder
    let path: String
    let transport = UnixTransport()
    let home: @Sendable () -> Reactor = { ReactorGroup.shared.next() }

    init() throws {
        folder = try TemporaryFolder()
        path = folder.path + "/a.sock"
    }

    private func permissions(_ path: String) throws -> UInt32 { try #require(FileStatus(of: path)).permissions }

    @Test("bytes go both ways, and each end knows the other's process")
    func echo() async throws {
        let listener = try await transport.listen(context("unix", path: path))
        let client = try await transport.connect(context("unix", path: path))
        let server = try #require(try await listener.accept(home))
        try await client.send(Array("question".utf8))
        #expect(try await server.receive() == Array("question".utf8))
        try await server.send(Array("answer".utf8))
        #expect(try await client.receive() == Array("answer".utf8))
        let credentials = PeerCredentials(processID: getpid(), userID: geteuid(), groupID: getegid())
        #expect(server.peer.credentials == credentials)
        #expect(client.peer == StreamPeer(address: .unix(path), credentials: credentials))
        client.shutdownOutput()
        #expect(try await server.receive() == nil)
        client.close(abort: false)
        server.close(abort: false)
        listener.close()
    }

    @Test("a new socket is its user's alone")
    func defaultPermissions() async throws {
        let listener = try await transport.listen(context("unix", path: path))
        #expect(try permissions(path) == 0o600)
        listener.close()
    }

    @Test("permissions hold whatever the umask", arguments: [("660", UInt32(0o660)), ("=666", 0o666), ("u=rw,g=w", 0o620), ("400", 0o400)])
    func givenPermissions(_ written: String, _ expected: UInt32) async throws {
        let listener = try await transport.listen(context("unix", path: path, options: ["permissions": written]))
        #expect(try permissions(path) == expected)
        listener.close()
    }

    @Test("a closed listener leaves nothing in its folder, and no descriptor")
    func nothingLeft() async throws {
        let listener = try await transport.listen(context("unix", path: path))
        #expect(folder.names == ["a.sock"])
        let client = try await transport.connect(context("unix", path: path))
        let server = try #require(try await listener.accept(home))
        let descriptors = try [#require(client.descriptor), #require(server.descriptor)]
        let files = try descriptors.map { try #require(file(of: $0)) }
        for stream in [client, server] { stream.close(abort: false) }
        listener.close()
        listener.close()
        #expect(folder.names.isEmpty)
        #expect(openFiles().isDisjoint(with: files))
        #expect(try await listener.accept(home) == nil)
    }

    @Test("a dropped listener lets go of its path")
    func dropped() async throws {
        do { _ = try await transport.listen(context("unix", path: path)) }
        #expect(folder.names.isEmpty)
    }

    @Test("a cancelled accept closes the listener and removes its file")
    func cancelledAccept() async throws {
        let listener = try await transport.listen(context("unix", path: path))
        let home = home
        let accepting = Task { try await listener.accept(home) }
        accepting.cancel()
        #expect(try await accepting.value == nil)
        #expect(folder.names.isEmpty)
    }

    @Test("a live path is not taken")
    func live() async throws {
        let first = try await transport.listen(context("unix", path: path))
        #expect(await code { _ = try await transport.listen(context("unix", path: path)) } == .addressInUse)
        let client = try await transport.connect(context("unix", path: path))
        #expect(try await first.accept(home) != nil)
        client.close(abort: false)
        first.close()
        #expect(folder.names.isEmpty)
    }

    @Test("a path whose listener has a full backlog is live")
    func liveButBusy() async throws {
        let socket = try plainSocket(boundTo: path, backlog: 0)
        defer { close(socket) }
        let queued = try fillBacklog()
        defer { for socket in queued { close(socket) } }
        #expect(await code { _ = try await transport.listen(context("unix", path: path)) } == .addressInUse)
        #expect(folder.names == ["a.sock"])
    }

    @Test("a datagram socket's path is live")
    func otherKind() async throws {
        let socket = try plainSocket(SOCK_DGRAM, boundTo: path)
        defer { close(socket) }
        #expect(await code { _ = try await transport.listen(context("unix", path: path)) } == .addressInUse)
        #expect(await code { _ = try await transport.connect(context("unix", path: path)) } == .unsupported)
    }

    @Test("a stale socket is replaced")
    func stale() async throws {
        try leaveStaleSocket(at: path)
        let listener = try await transport.listen(context("unix", path: path))
        #expect(try permissions(path) == 0o600)
        let client = try await transport.connect(context("unix", path: path))
        client.close(abort: false)
        listener.close()
        #expect(folder.names.isEmpty)
    }

    @Test("a file that is no socket stays as it is")
    func otherFile() async throws {
        let file = open(path, O_CREAT | O_WRONLY, 0o644)
        #expect(write(file, "data", 4) == 4)
        close(file)
        #expect(await code { _ = try await transport.listen(context("unix", path: path)) } == .notASocket)
        #expect(await code { _ = try await transport.connect(context("unix", path: path)) } == .notASocket)
        #expect(FileStatus(of: path)?.size == 4)
        #expect(folder.names == ["a.sock"])
    }

    @Test("a link is not followed, not even to a stale socket")
    func link() async throws {
        let elsewhere = folder.path + "/b.sock"
        try leaveStaleSocket(at: elsewhere)
        try #require(symlink(elsewhere, path) == 0)
        #expect(await code { _ = try await transport.listen(context("unix", path: path)) } == .notASocket)
        #expect(folder.names == ["a.sock", "b.sock"])
    }

    @Test("of many starters at once exactly one wins, also over a stale socket", arguments: [false, true])
    func race(overStale: Bool) async throws {
        for _ in 0..<150 {
            if overStale { try leaveStaleSocket(at: path) }
            let (transport, path) = (transport, path)
            let results = await withTaskGroup(of: Result<any StreamListener, any Error>.self) { group in
                for _ in 0..<12 {
                    group.addTask {
                        do { return .success(try await transport.listen(context("unix", path: path))) } catch { return .failure(error) }
                    }
                }
                return await group.reduce(into: []) { $0.append($1) }
            }
            let winners = results.compactMap { try? $0.get() }
            #expect(winners.count == 1)
            for case .failure(let error) in results { #expect((error as? PatchbayError)?.code == .addressInUse) }
            #expect(folder.names == ["a.sock"])
            let client = try await transport.connect(context("unix", path: path))
            #expect(try await winners.first?.accept(home) != nil)
            client.close(abort: false)
            for winner in winners { winner.close() }
            #expect(folder.names.isEmpty)
        }
    }

    @Test("a listener that closes leaves its successor's file")
    func ownInodeOnly() async throws {
        let first = try await transport.listen(context("unix", path: path))
        unlink(path)
        let second = try await transport.listen(context("unix", path: path))
        first.close()
        #expect(folder.names == ["a.sock"])
        let client = try await transport.connect(context("unix", path: path))
        client.close(abort: false)
        second.close()
        #expect(folder.names.isEmpty)
    }

    @Test("an empty lock file that a crash left is taken over; one with content is somebody's")
    func lockFiles() async throws {
        close(open(path + ".lock", O_CREAT | O_WRONLY, 0o600))
        let listener = try await transport.listen(context("unix", path: path))
        #expect(folder.names == ["a.sock"])
        listener.close()
        let file = open(path + ".lock", O_CREAT | O_WRONLY, 0o600)
        #expect(write(file, "x", 1) == 1)
        close(file)
        try await transport.listen(context("unix", path: path)).close()
        #expect(folder.names == ["a.sock.lock"])
    }

    @Test("a path of 107 bytes is the longest")
    func longest() async throws {
        let name = String(repeating: "n", count: 107 - folder.path.utf8.count - 1)
        let longest = folder.path + "/" + name
        let listener = try await transport.listen(context("unix", path: longest))
        let client = try await transport.connect(context("unix", path: longest))
        #expect(client.peer.address == .unix(longest))
        client.close(abort: false)
        listener.close()
        let error = await #expect(throws: PatchbayError.self) { try await transport.connect(context("unix", path: longest + "n")) }
        #expect(error?.code == .pathTooLong)
        #expect(error?.message.contains("107") == true)
        #expect(await code { _ = try await transport.listen(context("unix", path: longest + "n")) } == .pathTooLong)
        #expect(folder.names.isEmpty)
    }

    @Test("what a peer dials is percent-encoded")
    func boundTarget() async throws {
        let listener = try await transport.listen(context("unix", path: folder.path + "/a ä%?.sock"))
        #expect(listener.boundTarget == folder.path + "/a%20%C3%A4%25%3F.sock")
        listener.close()
    }

    @Test("a missing socket, a stale one and a missing folder are told apart")
    func failures() async throws {
        #expect(await code { _ = try await transport.connect(context("unix", path: path)) } == .noSuchSocket)
        try leaveStaleSocket(at: path)
        #expect(await code { _ = try await transport.connect(context("unix", path: path)) } == .connectionRefused)
        #expect(await code { _ = try await transport.listen(context("unix", path: folder.path + "/none/a.sock")) } == .noSuchSocket)
        #expect(await code { _ = try await transport.connect(context("unix", path: "a.sock")) } == .invalidURL)
    }

    @Test("who may not write to the socket is told so", .enabled(if: geteuid() != 0, "the superuser may everything"))
    func forbidden() async throws {
        let listener = try await transport.listen(context("unix", path: path, options: ["permissions": "400"]))
        #expect(await code { _ = try await transport.connect(context("unix", path: path)) } == .permissionDenied)
        listener.close()
    }

    /// Queues connections until the system refuses with EAGAIN.
    private func fillBacklog() throws -> [CInt] {
        var queued: [CInt] = []
        while queued.count < 64 {
            let socket = Glibc.socket(AF_UNIX, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue), 0)
            try #require(socket >= 0)
            queued.append(socket)
            let status = Address.unix(path).withSystemAddress { Glibc.connect(socket, $0.assumingMemoryBound(to: sockaddr.self), $1) }
            if status < 0 {
                try #require(errno == EAGAIN)
                return queued
            }
        }
        Issue.record("the backlog never filled")
        return queued
    }

    @Test("a full backlog is waited for, until the timeout")
    func backlogTimeout() async throws {
        let socket = try plainSocket(boundTo: path, backlog: 0)
        defer { close(socket) }
        let queued = try fillBacklog()
        defer { for socket in queued { close(socket) } }
        #expect(await code { _ = try await transport.connect(context("unix", path: path, timeout: .milliseconds(60))) } == .timedOut)
    }

    @Test("a full backlog that empties lets the dialler in")
    func backlogEmpties() async throws {
        let socket = try plainSocket(boundTo: path, backlog: 0)
        defer { close(socket) }
        let queued = try fillBacklog()
        defer { for socket in queued { close(socket) } }
        let (transport, path) = (transport, path)
        async let dialling = transport.connect(context("unix", path: path))
        let accepted = accept(socket, nil, nil)
        #expect(accepted >= 0)
        close(accepted)
        try await dialling.close(abort: false)
    }

    @Test("a dialler that waits for a full backlog can be cancelled")
    func backlogCancelled() async throws {
        let socket = try plainSocket(boundTo: path, backlog: 0)
        defer { close(socket) }
        let queued = try fillBacklog()
        defer { for socket in queued { close(socket) } }
        let (transport, path) = (transport, path)
        let dialling = Task { try await transport.connect(context("unix", path: path, timeout: nil)) }
        dialling.cancel()
        await #expect(throws: CancellationError.self) { try await dialling.value }
    }
}
