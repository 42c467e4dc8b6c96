import CPatchbayIO
import Foundation
import Glibc
import NIOCore
import PatchbayIO
import PatchbayTesting
import Synchronization
import Testing

/// A pipe end for one test, and a reactor of its own.
private struct Bench: ~Copyable {
    let group: ReactorGroup
    let reactor: Reactor

    init() throws {
        group = try ReactorGroup()
        reactor = group.next()
    }

    deinit { group.stop() }

    func stream(tcp: Bool) throws -> (SocketStream, RawSocket) {
        let (socket, peer) = try RawSocket.pair(tcp: tcp)
        return (SocketStream(socket: socket, isUnix: !tcp, reactor: reactor), peer)
    }
}

private var nothing: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: nil, count: 0) }

/// Waits until the stream may be written.
private func waitWritable(_ stream: SocketStream) async {
    let gate = ReadinessGate()
    await gate.wait { stream.whenWritable(gate) }
}

/// Writes until it would block.
private func fill(_ stream: SocketStream) -> Int {
    let bytes = [UInt8](repeating: 7, count: 65_536)
    var total = 0
    while case .bytes(let count) = bytes.withUnsafeBytes({ stream.write($0, nothing) }) { total += count }
    return total
}

@Suite("Socket streams", .timeLimit(.minutes(1)))
struct SocketStreamTests {
    @Test("data and the end in one event are both seen, and the descriptor is given back, 200 times", arguments: [true, false])
    func dataAndEndInOneEvent(tcp: Bool) async throws {
        let bench = try Bench()
        for round in 0..<200 {
            var (stream, peer): (SocketStream, RawSocket?) = try bench.stream(tcp: tcp)
            let descriptor = try #require(stream.descriptor)
            let socket = try #require(file(of: descriptor))
            // Registered, and waiting: what follows comes as one event, most often.
            let gate = ReadinessGate()
            var buffer = ByteBuffer()
            _ = stream.read(into: &buffer, upTo: 100)
            async let waited: Void = gate.wait { [stream] in stream.whenReadable(gate) }
            peer?.send([1, 2, 3])
            if round % 2 == 0 { peer?.shutdownOutput() } else { peer = nil }
            await waited
            #expect(try await stream.receiveAll() == [1, 2, 3])
            stream.close(abort: false)
            #expect(!openFiles().contains(socket))
            stream = try bench.stream(tcp: tcp).0
        }
    }

    @Test(
        "a large write gets a buffer of its own, whatever comes before and after; a small one leaves it as it is",
        arguments: [true, false]
    )
    func sendBuffer(tcp: Bool) throws {
        let bench = try Bench()
        let (socket, peer) = try RawSocket.pair(tcp: tcp)
        let stream = SocketStream(socket: socket, isUnix: !tcp, fitsSendBuffer: true, reactor: bench.reactor)
        let (foreign, other) = try bench.stream(tcp: tcp)
        defer {
            stream.close(abort: false)
            foreign.close(abort: false)
        }
        func size(_ stream: SocketStream) -> CInt {
            var size: CInt = 0
            _ = cpb_get_option(stream.descriptor ?? -1, SOL_SOCKET, SO_SNDBUF, &size)
            return size
        }
        let before = size(stream)
        let bytes = [UInt8](repeating: 7, count: 262_144)
        _ = bytes.prefix(1000).withUnsafeBytes { stream.write($0, nothing) }
        #expect(size(stream) == before)
        _ = bytes.withUnsafeBytes { whole in
            stream.write(UnsafeRawBufferPointer(rebasing: whole.prefix(1)), UnsafeRawBufferPointer(rebasing: whole.dropFirst()))
        }
        // The kernel doubles it, and keeps it below net.core.wmem_max; where it would cut it, TCP's own growth is better.
        let most = try #require(CInt(String(contentsOfFile: "/proc/sys/net/core/wmem_max", encoding: .utf8).split(separator: "\n")[0]))
        let granted = 2 * min(393_216, most)
        #expect(size(stream) == (tcp ? most < 393_216 ? before : granted : max(before, granted)))
        // What somebody else opened keeps what he gave it.
        let given = size(foreign)
        _ = bytes.withUnsafeBytes { foreign.write($0, nothing) }
        #expect(size(foreign) == given)
        _ = (peer, other)
    }

    @Test("bytes behind passed descriptors are all read, and the descriptors are closed")
    func passedDescriptors() async throws {
        let bench = try Bench()
        var pipe: [CInt] = [-1, -1]
        try RawSocket.check(cpb_pipe(&pipe))
        defer { _ = cpb_close(pipe[0]) }
        for count in [1, 3, 253] {
            let (stream, peer) = try bench.stream(tcp: false)
            let gate = ReadinessGate()
            var buffer = ByteBuffer()
            _ = stream.read(into: &buffer, upTo: 1)
            async let waited: Void = gate.wait { [stream] in stream.whenReadable(gate) }
            #expect(peer.send([1], carrying: pipe[1], count: count))
            peer.send([2, 3])
            #expect(peer.send([4], carrying: pipe[1], count: 1))
            peer.send([5])
            await waited
            #expect(try await stream.receive(exactly: 5) == [1, 2, 3, 4, 5])
            stream.close(abort: false)
        }
        _ = cpb_close(pipe[1])
        // Only with every copy of the writing end closed does the reading end see the end.
        var byte: UInt8 = 0
        #expect(cpb_poll(pipe[0], CInt(CPB_IN), 5000) == 1)
        #expect(cpb_read(pipe[0], &byte, 1) == 0)
    }

    @Test("descriptors that were passed and never read are closed with the stream")
    func passedAndDropped() async throws {
        let bench = try Bench()
        var pipe: [CInt] = [-1, -1]
        try RawSocket.check(cpb_pipe(&pipe))
        defer { _ = cpb_close(pipe[0]) }
        let (stream, peer) = try bench.stream(tcp: false)
        #expect(peer.send([1], carrying: pipe[1], count: 9))
        _ = cpb_close(pipe[1])
        stream.close(abort: false)
        #expect(cpb_poll(pipe[0], CInt(CPB_IN), 5000) == 1)
    }

    @Test("either half may end while the other goes on", arguments: [true, false])
    func halfClose(tcp: Bool) async throws {
        let bench = try Bench()
        let (first, peer) = try bench.stream(tcp: tcp)
        first.shutdownOutput()
        #expect(await peer.receive() == [])
        peer.send([1, 2])
        #expect(try await first.receive(exactly: 2) == [1, 2])
        first.close(abort: false)

        let (second, other) = try bench.stream(tcp: tcp)
        other.shutdownOutput()
        #expect(try await second.receive() == nil)
        try await second.send([3])
        #expect(await other.receive() == [3])
        second.close(abort: false)
        #expect(await other.receive() == [])
    }

    enum Moment: CaseIterable { case beforeReading, whileReading, whileWriting, behindData, afterTheEnd }

    @Test("a reset is a failure in every state, and never a hang", arguments: Moment.allCases)
    func reset(moment: Moment) async throws {
        let bench = try Bench()
        var (stream, peer): (SocketStream, RawSocket?) = try bench.stream(tcp: true)
        peer?.resetOnClose()
        switch moment {
        case .beforeReading:
            peer = nil
            await #expect(throws: IOFailure.self) { _ = try await stream.receive() }
        case .whileReading:
            let gate = ReadinessGate()
            var buffer = ByteBuffer()
            _ = stream.read(into: &buffer, upTo: 1)
            async let waited: Void = gate.wait { [stream] in stream.whenReadable(gate) }
            peer = nil
            await waited
            await #expect(throws: IOFailure(errno: ECONNRESET, operation: "receive")) { _ = try await stream.receive() }
        case .whileWriting:
            _ = fill(stream)
            async let waited: Void = waitWritable(stream)
            peer = nil
            await waited
            await #expect(throws: IOFailure.self) { try await stream.send([1]) }
        case .behindData:
            peer?.send([1, 2, 3])
            peer = nil
            // What came before a reset may be lost with it; the failure may not.
            await #expect(throws: IOFailure.self) { while try await stream.receive() != nil {} }
        case .afterTheEnd:
            stream.shutdownOutput()
            #expect(await peer?.receive() == [])
            peer = nil
            await #expect(throws: IOFailure.self) { _ = try await stream.receive() }
        }
        await #expect(throws: IOFailure.self) { for _ in 0..<100 { try await stream.send([1]) } }
        stream.close(abort: false)
        stream = try bench.stream(tcp: false).0
    }

    @Test("closing wakes a task that waits to read and one that waits to write", arguments: [true, false], [true, false])
    func closeWhileWaiting(tcp: Bool, abort: Bool) async throws {
        let bench = try Bench()
        for _ in 0..<50 {
            let (stream, peer) = try bench.stream(tcp: tcp)
            _ = fill(stream)
            async let reading = stream.receive()
            async let writing: Void = waitWritable(stream)
            stream.close(abort: abort)
            #expect(try await reading == nil)
            await writing
            await #expect(throws: IOFailure(errno: EPIPE, operation: "send")) { try await stream.send([1]) }
            _ = peer
        }
    }

    @Test("an aborted TCP stream resets its peer, and a closed one ends")
    func abortResets() async throws {
        let bench = try Bench()
        let (first, peer) = try bench.stream(tcp: true)
        first.close(abort: true)
        #expect(await peer.receive() == nil)
        let (second, other) = try bench.stream(tcp: true)
        second.close(abort: false)
        #expect(await other.receive() == [])
    }

    @Test("a blocked write goes on once the peer reads, and nothing is lost or doubled", arguments: [true, false])
    func backPressure(tcp: Bool) async throws {
        let bench = try Bench()
        let (stream, peer) = try bench.stream(tcp: tcp)
        let sent = (0..<8_000_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 7) }
        let reader = Task.detached {
            var received: [UInt8] = []
            while received.count < 8_000_000, let bytes = await peer.receive(), !bytes.isEmpty { received += bytes }
            return received
        }
        try await stream.send(sent)
        #expect(await reader.value == sent)
        stream.close(abort: false)
    }

    @Test("a write of two pieces takes them in order, either of which may be empty", arguments: [true, false])
    func pieces(tcp: Bool) async throws {
        let bench = try Bench()
        let (stream, peer) = try bench.stream(tcp: tcp)
        for (head, body) in [([1, 2], [3]), ([], [4]), ([5], [])] as [([UInt8], [UInt8])] {
            let outcome = head.withUnsafeBytes { head in body.withUnsafeBytes { stream.write(head, $0) } }
            guard case .bytes(head.count + body.count) = outcome else {
                Issue.record("\(outcome)")
                return
            }
        }
        var received: [UInt8] = []
        while received.count < 5, let bytes = await peer.receive(), !bytes.isEmpty { received += bytes }
        #expect(received == [1, 2, 3, 4, 5])
        stream.close(abort: false)
    }

    @Test("the peer's address and, on Unix sockets, its process are known; after closing nothing is")
    func peers() async throws {
        let bench = try Bench()
        let (unix, one) = try bench.stream(tcp: false)
        #expect(unix.peer.credentials == PeerCredentials(processID: getpid(), userID: getuid(), groupID: getgid()))
        #expect(unix.peer.address == .unnamed)
        let (tcp, other) = try bench.stream(tcp: true)
        #expect(tcp.peer.credentials == nil)
        #expect(tcp.peer.address?.host == "127.0.0.1")
        unix.close(abort: false)
        tcp.close(abort: false)
        #expect(unix.peer == StreamPeer())
        _ = (one, other)
    }

    @Test("a stream that is dropped without being closed gives its descriptor back")
    func dropped() async throws {
        let bench = try Bench()
        let (stream, peer) = try bench.stream(tcp: true)
        _ = consume stream
        #expect(await peer.receive() == [])
    }

    @Test("writing to a peer that is gone raises no signal")
    func noSignal() async {
        // The default action of SIGPIPE would end the process.
        await #expect(processExitsWith: .success) {
            signal(SIGPIPE, SIG_DFL)
            let group = try ReactorGroup()
            for tcp in [true, false] {
                var (socket, peer): (CInt, RawSocket?) = try RawSocket.pair(tcp: tcp)
                let stream = SocketStream(socket: socket, isUnix: !tcp, reactor: group.next())
                peer = nil
                await #expect(throws: IOFailure.self) { for _ in 0..<1000 { try await stream.send([1]) } }
                #expect(peer == nil)
                socket = -1
            }
            var pipe: [CInt] = [-1, -1]
            try RawSocket.check(cpb_pipe(&pipe))
            _ = cpb_close(pipe[0])
            let piped = DescriptorStream(owningInput: dup(0), output: pipe[1], reactor: group.next())
            await #expect(throws: IOFailure(errno: EPIPE, operation: "send")) { try await piped.send([1]) }
        }
    }
}
