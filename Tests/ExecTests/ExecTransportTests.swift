import Glibc
import PatchbayCore
import PatchbayIO
import PatchbayTesting
import Testing

@testable import PatchbayExec

@Suite("Child processes as peers")
struct ExecTransportTests {
    private func start(
        _ path: String,
        _ options: KeyValuePairs<String, String> = [:],
        allowing allowed: AllowedPrograms = .all
    ) async throws -> ChildProcessStream {
        let context = TransportContext(
            host: nil,
            port: nil,
            path: path,
            options: try Options(options, for: ExecPlugin.options),
            reactor: ReactorGroup.shared.next()
        )
        return try #require(try await ExecTransport(allowed: allowed).connect(context) as? ChildProcessStream)
    }

    private func shell(_ script: String, _ name: String = "pipes", _ value: String = "false") async throws -> ChildProcessStream {
        try await start("/bin/sh", ["arg": "-c", "arg": script, name: value])
    }

    /// The kernel knows no process of that number any more: it was reaped.
    private func isGone(_ processID: Int32) -> Bool { kill(processID, 0) < 0 && errno == ESRCH }

    private func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }

    @Test("cat echoes, ends with its input, and is reaped", arguments: ["false", "true"])
    func echo(pipes: String) async throws {
        let stream = try await start("/bin/cat", ["pipes": pipes])
        let descriptor = try #require(stream.descriptor)
        let opened = try #require(file(of: descriptor))
        // More than any pipe holds: both directions have to wait.
        let sent = (0..<1_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        async let received = stream.receiveAll()
        try await stream.send(sent)
        stream.shutdownOutput()
        #expect(try await received == sent)
        #expect(await stream.child.waitForEnd() == .exited(0))
        #expect(isGone(stream.child.processID))
        stream.close(abort: false)
        #expect(!openFiles().contains(opened))
    }

    @Test("the peer is the child, and the user is one's own")
    func credentials() async throws {
        let stream = try await start("/bin/cat")
        #expect(stream.peer.credentials == PeerCredentials(processID: stream.child.processID, userID: geteuid(), groupID: getegid()))
        stream.close(abort: true)
        #expect(await stream.child.waitForEnd() == .killed(signal: SIGTERM))
        #expect(isGone(stream.child.processID))
    }

    @Test("closing lets the child finish, and reaps it", arguments: ["false", "true"])
    func closeInOrder(pipes: String) async throws {
        let stream = try await start("/bin/cat", ["pipes": pipes])
        stream.close(abort: false)
        stream.close(abort: false)
        #expect(await stream.child.waitForEnd() == .exited(0))
        #expect(isGone(stream.child.processID))
    }

    @Test("a dropped stream ends its child")
    func dropped() async throws {
        let child = try await start("/bin/cat").child
        #expect(await child.waitForEnd() == .exited(0))
    }

    @Test("a child that ignores the end of its input gets SIGTERM, and one that ignores that SIGKILL")
    func stubborn() async throws {
        let deaf = try await shell("echo ready; exec sleep 1000", "grace", "10ms")
        #expect(text(try await deaf.receive(exactly: 6)) == "ready\n")
        deaf.close(abort: false)
        #expect(await deaf.child.waitForEnd() == .killed(signal: SIGTERM))
        let stubborn = try await shell("trap '' TERM; echo ready; while :; do sleep 0.01; done", "grace", "10ms")
        #expect(text(try await stubborn.receive(exactly: 6)) == "ready\n")
        stubborn.close(abort: true)
        #expect(await stubborn.child.waitForEnd() == .killed(signal: SIGKILL))
        #expect(isGone(stubborn.child.processID))
    }

    @Test("the child has its three descriptors and no other", arguments: ["false", "true"])
    func descriptors(pipes: String) async throws {
        // Without close-on-exec, as libraries leave them.
        let stray = open("/dev/null", O_RDONLY)
        defer { close(stray) }
        // The listing itself has the folder open.
        let stream = try await shell("ls -l /proc/self/fd | wc -l; test -e /proc/self/fd/\(stray) || echo closed", "pipes", pipes)
        let lines = text(try await stream.receiveAll()).split(separator: "\n")
        // "total", 0, 1, 2, the folder.
        #expect(lines == ["5", "closed"])
        #expect(await stream.child.waitForEnd() == .exited(0))
    }

    @Test("the child's descriptors block, and its signals are the system's own")
    func fresh() async throws {
        let stream = try await shell("grep -E 'Sig(Blk|Ign)' /proc/self/status; grep flags /proc/self/fdinfo/0")
        let lines = text(try await stream.receiveAll()).split(separator: "\n").map {
            $0.split(whereSeparator: \.isWhitespace).last.map(String.init)
        }
        #expect(lines.count == 3)
        // Signals 32 and 33 are the C library's own, which leaves them ignored in what it spawns: nptl(7).
        for mask in lines.prefix(2) { #expect(UInt64(try #require(mask), radix: 16).map { $0 & ~(0b11 << 31) } == 0) }
        // O_NONBLOCK is 04000: fcntl.h.
        #expect(Int(try #require(lines[2]), radix: 8).map { $0 & 0o4000 } == 0)
    }

    @Test("arguments come in order, and variables stand over the inherited ones")
    func argumentsAndEnvironment() async throws {
        let stream = try await start(
            "/usr/bin/env",
            ["arg": "--", "env": "A=1 =x", "arg": "sh", "env": "PATH=/bin:/usr/bin", "arg": "-c", "arg": "echo \"$A|$PATH|$HOME\""]
        )
        let home = getenv("HOME").map { String(cString: $0) } ?? ""
        #expect(text(try await stream.receiveAll()) == "1 =x|/bin:/usr/bin|\(home)\n")
        #expect(await stream.child.waitForEnd() == .exited(0))
    }

    @Test("standard error can be discarded")
    func standardError() async throws {
        let stream = try await shell("readlink /proc/self/fd/2", "stderr", "null")
        #expect(text(try await stream.receiveAll()) == "/dev/null\n")
    }

    @Test("a child that ends is the end of the stream, and its status is kept")
    func status() async throws {
        let stream = try await shell("exit 7")
        #expect(try await stream.receive() == nil)
        #expect(await stream.child.waitForEnd() == .exited(7))
    }

    @Test("writing to a child that is gone fails, and kills nobody")
    func gone() async throws {
        let stream = try await start("/bin/true", ["pipes": "true"])
        #expect(try await stream.receive() == nil)
        // Again and again: a child that another test starts just now holds the reading end until its exec.
        let error = await #expect(throws: IOFailure.self) { while true { try await stream.send([1]) } }
        #expect(error?.errno == EPIPE)
    }

    @Test("what cannot be started is told apart")
    func failures() async throws {
        #expect(await code { _ = try await start("/nowhere/program") } == .noSuchProgram)
        #expect(await code { _ = try await start("/dev/null") } == .permissionDenied)
        #expect(await code { _ = try await start("/tmp") } == .permissionDenied)
        #expect(await code { _ = try await start("bin/cat") } == .invalidURL)
        #expect(await code { _ = try await start("/bin/cat", ["env": "A"]) } == .invalidOption)
        #expect(await code { _ = try await start("/bin/cat", ["env": "=A"]) } == .invalidOption)
        #expect(await code { _ = try await start("/bin/cat", ["arg": "a\0b"]) } == .invalidOption)
    }

    @Test("only what the application allows is started")
    func allowed() async throws {
        let stream = try await start("/bin/cat", allowing: .only(["/bin/cat"]))
        stream.close(abort: true)
        #expect(await code { _ = try await start("/bin/sh", allowing: .only(["/bin/cat"])) } == .unsupported)
        #expect(await code { _ = try await start("/bin/../bin/cat", allowing: .only(["/bin/cat"])) } == .unsupported)
    }
}
