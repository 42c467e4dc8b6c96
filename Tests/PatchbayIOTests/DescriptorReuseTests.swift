import CPatchbayIO
import Glibc
import NIOCore
import PatchbayIO
import PatchbayTesting
import Testing

@Suite("Descriptors under races", .timeLimit(.minutes(1)))
struct DescriptorReuseTests {
    @Test("2,000 streams that connect, echo, close and are cancelled in races see no foreign bytes and leave no descriptor")
    func races() async throws {
        let group = try ReactorGroup(count: 2)
        defer { group.stop() }
        let listener = try SocketListener.bind(
            to: .ipv4([127, 0, 0, 1], port: 0),
            backlog: 4096,
            settings: TCPSettings(),
            reactor: group.next()
        )
        let address = try #require(listener.address)
        let echo = Task {
            await withDiscardingTaskGroup { tasks in
                while let stream = try? await listener.accept({ group.next() }) {
                    tasks.addTask {
                        while let bytes = try? await stream.receive() { try? await stream.send(bytes) }
                        stream.close(abort: false)
                    }
                }
            }
        }
        let outcomes = try await withThrowingTaskGroup(of: Bool.self) { tasks in
            for worker in 0..<8 {
                tasks.addTask {
                    for round in 0..<250 {
                        let mark = UInt8(truncatingIfNeeded: worker * 250 + round)
                        let dialling = Task { try await SocketStream.connect(to: address, settings: TCPSettings(), reactor: group.next()) }
                        if round % 3 == 0 { dialling.cancel() }
                        guard let stream = try? await dialling.value else { continue }
                        try await stream.send([mark, mark, mark])
                        // Closed by another thread, in a race with the reading.
                        let reading = Task { try await stream.receive(exactly: 3) }
                        let closing = Task.detached { if round % 2 == 0 { stream.close(abort: round % 4 == 0) } }
                        if let bytes = try? await reading.value, !bytes.allSatisfy({ $0 == mark }) { return false }
                        await closing.value
                        stream.close(abort: false)
                    }
                    return true
                }
            }
            return try await tasks.reduce(into: []) { $0.append($1) }
        }
        #expect(outcomes == Array(repeating: true, count: 8))
        listener.close()
        await echo.value
        // The server's port is in no table any more: every socket of the race was closed, its listener too.
        let port = try #require(address.port)
        #expect(openSockets(port: port) == 0)
    }

    /// How many descriptors of this process lead to a socket that has the port at either end.
    private func openSockets(port: UInt16) -> Int {
        var count = 0
        for descriptor in CInt(0)..<4096 {
            for query in [cpb_local_address, cpb_peer_address] where Address.of(descriptor, query)?.port == port {
                count += 1
                break
            }
        }
        return count
    }

    @Test("every descriptor of a reactor, a listener and a stream is close-on-exec")
    func closeOnExec() async {
        await #expect(processExitsWith: .success) {
            let before = openDescriptors()
            let reactor = try ReactorGroup().next()
            let listener = try SocketListener.bind(
                to: .ipv4([127, 0, 0, 1], port: 0),
                backlog: 8,
                settings: TCPSettings(),
                reactor: reactor
            )
            let address = try #require(listener.address)
            let stream = try await SocketStream.connect(to: address, settings: TCPSettings(), reactor: reactor)
            let accepted = try await listener.accept { reactor }
            let pump = try DescriptorStream(borrowingInput: open("/dev/zero", O_RDONLY | O_CLOEXEC), output: 1, reactor: reactor)
            let ours = openDescriptors().subtracting(before)
            #expect(ours.count >= 8)
            for descriptor in ours {
                let flags = fcntl(descriptor, F_GETFD)
                #expect(flags < 0 || flags & FD_CLOEXEC != 0, "descriptor \(descriptor)")
            }
            withExtendedLifetime((stream, accepted, listener, pump)) {}
        }
    }
}

private func openDescriptors() -> Set<CInt> { Set((CInt(0)..<4096).filter { fcntl($0, F_GETFD) >= 0 }) }
