import Glibc
import NIOCore
import Patchbay
import PatchbayCore
import Testing

/// What goes wrong in practice gets an error that says what happened and what to do.
@Suite("Bad input", .timeLimit(.minutes(1)))
struct BadInputTests {
    private func error(_ url: String) async -> PatchbayError? {
        do {
            let connection = try await Connection.connect(to: ConnectionURL(url))
            connection.abort()
            return nil
        } catch {
            return error as? PatchbayError
        }
    }

    @Test("an unknown option is named with the nearest one")
    func unknownOption() async {
        let error = await error("json+tcp://127.0.0.1:1?max-mesage=1")
        #expect(error?.code == .unknownOption)
        #expect(error?.message.contains("max-message") == true)
    }

    @Test("a missing socket and a path that is too long are told apart")
    func paths() async {
        #expect(await error("unix:///tmp/patchbay-there-is-no-such.sock")?.code == .noSuchSocket)
        let long = await error("unix:///tmp/" + String(repeating: "x", count: 200))
        #expect(long?.code == .pathTooLong)
        #expect(long?.message.contains("107") == true)
    }

    @Test("a refused port says that nobody listens there")
    func refusedPort() async throws {
        let listener = try await Listener.bind("tcp://127.0.0.1:0")
        let port = listener.address?.port ?? 0
        listener.close()
        let error = await error("tcp://127.0.0.1:\(port)")
        #expect(error?.code == .connectionRefused)
        #expect(error?.message.contains("nobody listens") == true)
    }

    @Test("a name that does not resolve is named")
    func unknownName() async {
        let error = await error("tcp://no-such-host.invalid:7000?timeout=20s")
        #expect(error?.code == .nameNotFound || error?.code == .timedOut)
        #expect(error?.message.contains("no-such-host.invalid") == true)
    }

    @Test("another stack at the peer is named on both ends, and the listener goes on")
    func wrongStack() async throws {
        let listener = try await Listener.bind("json+unix://")
        let dialed = listener.url.replacing("json+", with: "cbor+")
        async let accepting = listener.accept()
        let error = await error(dialed)
        #expect(error?.code == .stackMismatch)
        #expect(error?.message.contains("cbor") == true && error?.message.contains("json") == true)
        let good = try await Connection.connect(to: ConnectionURL(listener.url))
        try await good.send(Value.int(1))
        let accepted = try await accepting
        #expect(try await accepted.receive(as: Value.self) == .int(1))
        listener.close()
    }

    @Test("a message that does not decode throws where it is received, and the next one arrives")
    func undecodable() async throws {
        let (first, second) = try Connection.pipe(codec: Registry.standard.resolve("json+inproc://a", for: .dialer).codec)
        try await first.send(text: "{\"half\":")
        try await first.send(Value.string("whole"))
        let error = await #expect(throws: PatchbayError.self) { try await second.receive(as: Value.self) }
        #expect(error?.code == .decodingFailed)
        #expect(try await second.receive(as: Value.self) == .string("whole"))
    }
}
