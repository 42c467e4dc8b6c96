import Glibc
import PatchbayCore
import PatchbayIO
import PatchbayTesting
import Testing

@testable import PatchbayUnixSocket

@Suite("Abstract names and nodes")
struct NodeTransportTests {
    let folder: TemporaryFolder
    let transport: NodeTransport
    let home: @Sendable () -> Reactor = { ReactorGroup.shared.next() }

    init() throws {
        folder = try TemporaryFolder()
        transport = NodeTransport(folder: RuntimeFolder(path: folder.path))
    }

    @Test("an abstract name has no file and goes with its socket")
    func abstractName() async throws {
        let name = "patchbay-test-\(getpid())-ä %"
        let transport = AbstractTransport()
        let listener = try await transport.listen(context("abstract", host: name))
        #expect(listener.address == .abstract(Array(name.utf8)))
        #expect(listener.boundTarget == "patchbay-test-\(getpid())-%C3%A4%20%25")
        #expect(await code { _ = try await transport.listen(context("abstract", host: name)) } == .addressInUse)
        let client = try await transport.connect(context("abstract", host: name))
        let server = try #require(try await listener.accept(home))
        try await client.send([1, 2, 3])
        #expect(try await server.receive() == [1, 2, 3])
        client.close(abort: false)
        server.close(abort: false)
        listener.close()
        #expect(await code { _ = try await transport.connect(context("abstract", host: name + "-other")) } == .connectionRefused)
    }

    @Test("an abstract name of 107 bytes is the longest")
    func abstractLength() async throws {
        let transport = AbstractTransport()
        let prefix = "patchbay-test-\(getpid())-"
        let longest = prefix + String(repeating: "n", count: 107 - prefix.utf8.count)
        try await transport.listen(context("abstract", host: longest)).close()
        #expect(await code { _ = try await transport.listen(context("abstract", host: longest + "n")) } == .pathTooLong)
        #expect(await code { _ = try await transport.connect(context("abstract", host: "")) } == .invalidURL)
    }

    @Test("a node is found by its name, in the runtime folder")
    func node() async throws {
        let listener = try await transport.listen(context("node", host: "worker-1"))
        #expect(folder.names == ["worker-1.sock"])
        #expect(FileStatus(of: folder.path + "/worker-1.sock")?.permissions == 0o600)
        #expect(listener.boundTarget == "worker-1")
        let client = try await transport.connect(context("node", host: "worker-1"))
        let server = try #require(try await listener.accept(home))
        #expect(server.peer.credentials?.userID == geteuid())
        client.close(abort: false)
        server.close(abort: false)
        listener.close()
        #expect(folder.names.isEmpty)
    }

    @Test(
        "what is no node's name never becomes a path",
        arguments: ["", "../x", "a/b", "A", "a.b", "ä", String(repeating: "a", count: 49)]
    )
    func badNames(_ name: String) async throws {
        #expect(await code { _ = try await transport.listen(context("node", host: name)) } == .invalidURL)
        #expect(await code { _ = try await transport.connect(context("node", host: name)) } == .invalidURL)
    }

    @Test("the runtime folder follows the environment")
    func folderPath() {
        #expect(RuntimeFolder(runtime: "/run/user/7", temporary: nil, user: 7).path == "/run/user/7/patchbay")
        #expect(RuntimeFolder(runtime: "/run/user/7//", temporary: nil, user: 7).path == "/run/user/7/patchbay")
        // XDG Base Directory Specification: relative paths are to be ignored.
        #expect(RuntimeFolder(runtime: "run", temporary: "/var/tmp/", user: 7).path == "/var/tmp/patchbay-7")
        #expect(RuntimeFolder(runtime: "", temporary: "tmp", user: 7).path == "/tmp/patchbay-7")
        #expect(RuntimeFolder(runtime: nil, temporary: nil, user: 0).path == "/tmp/patchbay-0")
    }

    @Test("the runtime folder is made for its user alone")
    func folderMade() throws {
        let made = RuntimeFolder(path: folder.path + "/new")
        try made.create()
        #expect(FileStatus(of: made.path)?.permissions == 0o700)
        try made.create()
        rmdir(made.path)
    }

    @Test("a runtime folder that others can enter, a link and a file are refused", arguments: ["open", "link", "file"])
    func folderRefused(_ kind: String) async throws {
        let path = folder.path + "/x"
        switch kind {
        case "open":
            mkdir(path, 0o700)
            chmod(path, 0o710)
        case "link": symlink("/tmp", path)
        default: close(open(path, O_CREAT | O_WRONLY, 0o600))
        }
        defer { rmdir(path) }
        let transport = NodeTransport(folder: RuntimeFolder(path: path))
        #expect(await code { _ = try await transport.listen(context("node", host: "a")) } == .permissionDenied)
        #expect(await code { _ = try await transport.connect(context("node", host: "a")) } == .permissionDenied)
    }

    @Test("a runtime folder of another user is refused", .enabled(if: geteuid() == 0, "only the superuser can give a folder away"))
    func folderOfAnother() async throws {
        let path = folder.path + "/x"
        mkdir(path, 0o700)
        defer { rmdir(path) }
        try #require(chown(path, 65_534, 65_534) == 0)
        let transport = NodeTransport(folder: RuntimeFolder(path: path))
        #expect(await code { _ = try await transport.listen(context("node", host: "a")) } == .permissionDenied)
    }

    @Test("a node without a folder is a missing socket")
    func noFolder() async throws {
        let transport = NodeTransport(folder: RuntimeFolder(path: folder.path + "/none"))
        #expect(await code { _ = try await transport.connect(context("node", host: "a")) } == .noSuchSocket)
        #expect(folder.names.isEmpty)
    }

    // A peer under another user: python3 changes its user before the call at which the kernel notes it.
    static let canChangeUser = geteuid() == 0 && access("/usr/bin/env", X_OK) == 0

    private func python(_ script: String) throws -> ChildProcessStream {
        try ChildProcessStream.start(
            ChildProgram(path: "/usr/bin/env", arguments: ["python3", "-c", "import os,socket,sys\n" + script]),
            overPipes: false,
            reactor: ReactorGroup.shared.next()
        )
    }

    @Test("a node that another user serves is refused, unless peer-uid says any", .enabled(if: canChangeUser, "needs the superuser"))
    func foreignListener() async throws {
        let server = try python(
            """
            s = socket.socket(socket.AF_UNIX)
            s.bind('\(folder.path)/foreign.sock')
            os.seteuid(65534)
            s.listen(8)
            print('ready', flush=True)
            sys.stdin.read()
            """
        )
        try #require(try await server.receive(exactly: 6) == Array("ready\n".utf8))
        #expect(await code { _ = try await transport.connect(context("node", host: "foreign")) } == .permissionDenied)
        let stream = try await transport.connect(context("node", host: "foreign", options: ["peer-uid": "any"]))
        #expect(stream.peer.credentials?.userID == 65_534)
        stream.close(abort: false)
        server.close(abort: false)
        #expect(await server.child.waitForEnd() == .exited(0))
    }

    @Test("a dialler of another user is refused, and the next one served", .enabled(if: canChangeUser, "needs the superuser"))
    func foreignDialler() async throws {
        chmod(folder.path, 0o711)
        let path = folder.path + "/open.sock"
        let socketPath = SocketPath(path, permissions: 0o666, layer: "node")
        let listener = UnixListener(
            try await socketPath.listen(backlog: 8, reactor: ReactorGroup.shared.next()),
            boundTarget: "open",
            layer: "node",
            check: PeerCheck(requiredUser: geteuid())
        )
        let dialler = try python(
            """
            os.seteuid(65534)
            s = socket.socket(socket.AF_UNIX)
            s.connect('\(path)')
            print('ready', flush=True)
            sys.stdin.read()
            """
        )
        try #require(try await dialler.receive(exactly: 6) == Array("ready\n".utf8))
        #expect(await code { _ = try await listener.accept(home) } == .permissionDenied)
        let client = try await UnixTransport().connect(context("unix", path: path))
        let accepted = try #require(try await listener.accept(home))
        for stream in [client, accepted, dialler] as [any ByteStream] { stream.close(abort: false) }
        listener.close()
        #expect(await dialler.child.waitForEnd() == .exited(0))
    }
}
