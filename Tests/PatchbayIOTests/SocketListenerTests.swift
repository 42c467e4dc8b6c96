import CPatchbayIO
import Glibc
import PatchbayIO
import PatchbayTesting
import Synchronization
import Testing

@Suite("Socket listeners", .timeLimit(.minutes(1)))
struct SocketListenerTests {
    private static func bind(_ reactor: Reactor, backlog: Int = 16) throws -> SocketListener {
        try SocketListener.bind(to: .ipv4([127, 0, 0, 1], port: 0), backlog: backlog, settings: TCPSettings(), reactor: reactor)
    }

    @Test("port 0 becomes a real port, and a second listener on it is refused")
    func ports() throws {
        let group = try ReactorGroup()
        defer { group.stop() }
        let listener = try Self.bind(group.next())
        defer { listener.close() }
        let address = try #require(listener.address)
        #expect((address.port ?? 0) > 0)
        #expect(throws: IOFailure(errno: EADDRINUSE, operation: "listen")) { try rebind(address, group.next()) }
    }

    private func rebind(_ address: Address, _ reactor: Reactor) throws {
        do {
            try SocketListener.bind(to: address, backlog: 1, settings: TCPSettings(), reactor: reactor).close()
        } catch let failure {
            // With SO_REUSEADDR Linux says so at bind or at listen.
            throw IOFailure(errno: failure.errno, operation: "listen")
        }
    }

    @Test("an address that was just used can be bound again")
    func rebindAfterUse() async throws {
        let group = try ReactorGroup()
        defer { group.stop() }
        let reactor = group.next()
        let listener = try Self.bind(reactor)
        let address = try #require(listener.address)
        let stream = try await SocketStream.connect(to: address, settings: TCPSettings(), reactor: reactor)
        let accepted = try #require(try await listener.accept { reactor })
        accepted.close(abort: false)
        listener.close()
        #expect(try await stream.receive() == nil)
        stream.close(abort: false)
        try rebind(address, reactor)
    }

    @Test("connections that were reset before they were accepted do not end the listener")
    func aborted() async throws {
        let group = try ReactorGroup()
        defer { group.stop() }
        let reactor = group.next()
        let listener = try Self.bind(reactor, backlog: 128)
        defer { listener.close() }
        let address = try #require(listener.address)
        for _ in 0..<100 {
            try await SocketStream.connect(to: address, settings: TCPSettings(), reactor: reactor).close(abort: true)
        }
        let good = try await SocketStream.connect(to: address, settings: TCPSettings(), reactor: reactor)
        try await good.send([42])
        var answered = false
        for _ in 0..<101 where !answered {
            let stream = try #require(try await listener.accept { reactor })
            if (try? await stream.receive()) == [42] { answered = true }
            stream.close(abort: false)
        }
        #expect(answered)
        good.close(abort: false)
    }

    @Test("closing wakes the one that accepts, with nil; so does cancelling it")
    func closing() async throws {
        let group = try ReactorGroup()
        defer { group.stop() }
        let reactor = group.next()
        for cancels in [true, false] {
            for _ in 0..<20 {
                let listener = try Self.bind(reactor)
                let accepting = Task { try await listener.accept { reactor } }
                if cancels { accepting.cancel() } else { listener.close() }
                #expect(try await accepting.value == nil)
                #expect(try await listener.accept { reactor } == nil)
            }
        }
    }

    @Test("what runs before closing runs once, whoever closes")
    func beforeClose() async throws {
        let group = try ReactorGroup()
        defer { group.stop() }
        for explicit in [true, false] {
            let socket = try RawSocket.check(cpb_socket(AF_INET, CInt(SOCK_STREAM.rawValue)))
            try RawSocket.check(cpb_listen(socket, 1))
            let counting = Counter()
            var listener: SocketListener? = try SocketListener(socket: socket, settings: nil, reactor: group.next()) { counting.add() }
            if explicit { listener?.close() }
            listener?.close()
            listener = nil
            #expect(counting.value == 1)
        }
    }

    private final class Counter: Sendable {
        private let count = Locked(0)
        func add() { count.withLock { $0 += 1 } }
        var value: Int { count.withLock { $0 } }
    }

    @Test("dialling a port where nobody listens is refused, and a dial that is cancelled leaves nothing")
    func dialling() async throws {
        let group = try ReactorGroup()
        defer { group.stop() }
        let reactor = group.next()
        let listener = try Self.bind(reactor)
        let address = try #require(listener.address)
        listener.close()
        await #expect(throws: IOFailure(errno: ECONNREFUSED, operation: "connect")) {
            _ = try await SocketStream.connect(to: address, settings: TCPSettings(), reactor: reactor)
        }
    }

    /// A listener that accepts nothing and whose backlog is full: further SYNs are dropped, as in a black hole.
    @Test("a dial that nobody answers ends with its timeout, and with its cancellation")
    func blackHole() async throws {
        let group = try ReactorGroup()
        defer { group.stop() }
        let reactor = group.next()
        let listener = try Self.bind(reactor, backlog: 0)
        defer { listener.close() }
        let address = try #require(listener.address)
        var streams: [SocketStream] = []
        defer { for stream in streams { stream.close(abort: true) } }
        // Until one is not answered.
        var timedOut = false
        for _ in 0..<10 where !timedOut {
            do {
                streams.append(try await SocketStream.connect(to: address, settings: nil, timeout: .milliseconds(300), reactor: reactor))
            } catch let failure as IOFailure {
                #expect(failure.errno == ETIMEDOUT)
                timedOut = true
            }
        }
        #expect(timedOut)
        let dialling = Task { try await SocketStream.connect(to: address, settings: nil, reactor: reactor) }
        dialling.cancel()
        await #expect(throws: CancellationError.self) { try await dialling.value }
    }
}
