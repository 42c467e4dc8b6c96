import Glibc
import PatchbayIO
import Testing

@Suite("The resolver", .timeLimit(.minutes(1)))
struct ResolverTests {
    @Test("localhost has the loopback address of IPv4")
    func localhost() async throws {
        let answer = try await Resolver.shared.resolve("localhost", port: 80, family: Address.ipv4Family)
        #expect(answer.addresses == [.ipv4([127, 0, 0, 1], port: 80)])
        #expect(answer.status == 0)
    }

    @Test("a numeric host is answered without asking, for its own family only")
    func numeric() async throws {
        #expect(try await Resolver.shared.resolve("::1", port: 1, family: Address.ipv6Family).addresses.count == 1)
        #expect(try await Resolver.shared.resolve("::1", port: 1, family: Address.ipv4Family).addresses.isEmpty)
    }

    // RFC 6761: nothing under `invalid` ever resolves.
    @Test("a name that does not resolve gives a reason and no address")
    func unknown() async throws {
        let answer = try await Resolver.shared.resolve("no-such-host.invalid", port: 80, family: Address.ipv4Family)
        #expect(answer.addresses.isEmpty)
        #expect(answer.status != 0 && !answer.reason.isEmpty)
    }

    @Test("dialling a name that does not resolve says so, and that nothing was tried")
    func dialUnknown() async throws {
        let group = try ReactorGroup()
        defer { group.stop() }
        let dialer = HostDialer(settings: TCPSettings(), reactor: group.next())
        let failure = await #expect(throws: HostDialer.Failure.self) {
            _ = try await dialer.connect(host: "no-such-host.invalid", port: 80, timeout: .seconds(30))
        }
        #expect(failure?.attempts.isEmpty == true)
        #expect(failure?.resolution != nil)
    }

    @Test("a question is abandoned at once when its task is cancelled", arguments: 0..<20)
    func cancelled(_: Int) async throws {
        let task = Task { try await Resolver.shared.resolve("cancelled.invalid", port: 80, family: Address.ipv6Family) }
        task.cancel()
        // Either it was answered before, or it was cancelled; never does it wait for the name server.
        if case .failure(let error) = await task.result { #expect(error is CancellationError) }
    }

    @Test("a name with several addresses is raced: the one that refuses does not matter")
    func race() async throws {
        let group = try ReactorGroup()
        defer { group.stop() }
        let reactor = group.next()
        let listener = try SocketListener.bind(to: .ipv4([127, 0, 0, 1], port: 0), backlog: 8, settings: TCPSettings(), reactor: reactor)
        defer { listener.close() }
        let port = try #require(listener.address?.port)
        let stream = try await HostDialer(settings: TCPSettings(), reactor: reactor).connect(
            host: "localhost",
            port: port,
            timeout: .seconds(20)
        )
        #expect(stream.peer.address == .ipv4([127, 0, 0, 1], port: port))
        stream.close(abort: false)
    }
}
