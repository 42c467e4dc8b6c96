import NIOCore
import Patchbay
import Testing

@Suite("TLS with openssl", .enabled(if: Certificates.isThere, Certificates.absence), .timeLimit(.minutes(3)))
struct OpenSSLTests {
    let certificates: Certificates

    init() throws { certificates = try #require(Certificates.shared) }

    /// A command, then a line until one is heard: what openssl reads along with a command it drops.
    private func say(behind command: String, to peer: Connection, heardBy end: Connection) async throws -> String? {
        try await peer.send(text: command)
        peer.flush()
        for number in 0..<80 {
            try await peer.send(text: "behind \(command) \(number)")
            peer.flush()
            do {
                return try await end.receiveBytes(timeout: .milliseconds(500)).map { String(buffer: $0) }
            } catch let error as PatchbayError where error.code == .timedOut {
                continue
            }
        }
        return nil
    }

    // MARK: As the dialer

    /// Arguments of an `s_client` that trusts the right authority, and ends with its input.
    private func client(_ port: Int, _ more: [String] = []) -> [String] {
        [
            "s_client", "-connect", "127.0.0.1:\(port)", "-quiet", "-no_ign_eof", "-verify_return_error", "-CAfile", certificates.pem("ca"),
            "-verify_hostname", "localhost",
        ] + more
    }

    private var bound: String { "lines+tls+bare+tcp://127.0.0.1?\(certificates.identity("server"))" }

    @Test("s_client sends a line and gets it back, renews its keys, and ends in order")
    func client() async throws {
        try await withEcho(bound) { port, failures in
            let peer = try await openssl(client(port, ["-alpn", "patchbay"]))
            try await peer.send(text: "hello")
            #expect(try await peer.receiveText() == "hello")
            // A KeyUpdate that asks for one: the answer goes with the next line.
            #expect(try await say(behind: "K", to: peer, heardBy: peer)?.hasPrefix("behind K") == true)
            try await peer.send(text: "and again")
            peer.flush()
            try await wait(for: "and again", from: peer)
            try await peer.finishSending()
            #expect(try await peer.receiveText() == nil)
            await peer.close()
            // Only this one fails: the end before was in order.
            let second = try await openssl(client(port, ["-alpn", "imap"]))
            let error = try #require(await failures.first())
            #expect(error.code == .protocolViolation && error.message.contains("ALPN"))
            #expect(try await second.receiveText() == nil)
        }
    }

    @Test("s_client without ALPN is refused, unless alpn=none", arguments: [false, true])
    func clientWithoutALPN(isWelcome: Bool) async throws {
        try await withEcho(bound + (isWelcome ? "&alpn=none" : "")) { port, failures in
            let peer = try await openssl(client(port))
            if isWelcome {
                try await peer.send(text: "hello")
                #expect(try await peer.receiveText() == "hello")
            } else {
                #expect(await failures.first()?.code == .protocolViolation)
            }
            await peer.close()
        }
    }

    @Test("s_client that speaks nothing above TLS 1.2 is refused")
    func oldClient() async throws {
        try await withEcho(bound) { port, failures in
            let peer = try await openssl(client(port, ["-tls1_2", "-alpn", "patchbay"]))
            let error = try #require(await failures.first())
            #expect(error.code == .protocolViolation && error.message.contains("TLS 1.3"), "\(error)")
            await peer.close()
        }
    }

    @Test("s_client refuses a listener of another authority, whose end is told")
    func clientRefuses() async throws {
        try await withEcho("lines+tls+bare+tcp://127.0.0.1?\(certificates.identity("stranger"))") { port, failures in
            let peer = try await openssl(client(port, ["-alpn", "patchbay"]))
            let error = try #require(await failures.first())
            #expect(error.code == .authenticationFailed, "\(error)")
            await peer.close()
        }
    }

    @Test("s_client's certificate is demanded, checked, and tells who it is")
    func mutualClient() async throws {
        let identities = AsyncStream.makeStream(of: String?.self)
        let url = bound + "&client=require&\(certificates.trust())"
        try await withEcho(url, identities: identities.continuation) { port, failures in
            let alpn = ["-alpn", "patchbay"]
            let right = try await openssl(client(port, alpn + ["-cert", certificates.pem("client"), "-key", certificates.key("client")]))
            try await right.send(text: "hello")
            #expect(try await right.receiveText() == "hello")
            #expect(await identities.stream.first() == "tls:client")
            await right.close()
            var iterator = failures.makeAsyncIterator()
            for name in ["stranger", "expired"] {
                let wrong = try await openssl(client(port, alpn + ["-cert", certificates.pem(name), "-key", certificates.key(name)]))
                #expect(await iterator.next()?.code == .authenticationFailed)
                await wrong.close()
            }
            let none = try await openssl(client(port, alpn))
            let error = await iterator.next()
            #expect(error?.code == .authenticationFailed && error?.message.contains("shows no certificate") == true)
            await none.close()
        }
    }

    // MARK: As the listener

    /// An `s_server`, and where it listens.
    private func server(as name: String = "server", _ more: [String] = []) async throws -> (peer: Connection, port: Int) {
        let peer = try await openssl(
            ["s_server", "-accept", "127.0.0.1:0", "-cert", certificates.pem(name), "-key", certificates.key(name)] + more
        )
        while let line = try await peer.receiveText() {
            if line.hasPrefix("ACCEPT"), let port = line.split(separator: ":").last.flatMap({ Int($0) }) { return (peer, port) }
        }
        throw PatchbayError(.closed, "s_server said nothing of where it listens", stage: .dial)
    }

    private func target(_ port: Int, _ options: String = "") -> String {
        "lines+tls+bare+tcp://127.0.0.1:\(port)?\(certificates.trust())&server-name=localhost\(options)"
    }

    /// Until it says this line: it says much else.
    private func wait(for line: String, from peer: Connection) async throws {
        while let text = try await peer.receiveText() {
            if text == line { return }
        }
        Issue.record("the peer ended without '\(line)'")
    }

    @Test("s_server gets a line and sends one, and our end is in order")
    func server() async throws {
        let (peer, port) = try await server(as: "server", ["-alpn", "patchbay"])
        let connection = try await dial(target(port))
        #expect(connection.peer.identity == "tls:localhost")
        try await connection.send(text: "hello")
        connection.flush()
        try await wait(for: "hello", from: peer)
        try await peer.send(text: "world")
        #expect(try await connection.receiveText() == "world")
        // It asks for new keys, and is answered with the next line.
        #expect(try await say(behind: "K", to: peer, heardBy: connection)?.hasPrefix("behind K") == true)
        try await connection.send(text: "and again")
        connection.flush()
        try await wait(for: "and again", from: peer)
        await connection.close()
        await peer.close()
    }

    @Test("s_server of another authority, name, age, version or protocol is refused")
    func wrongServers() async throws {
        let (right, port) = try await server(as: "server", ["-alpn", "patchbay"])
        #expect(
            await failure {
                _ = try await dial(target(port, "&tls.server-name=third.example").replacing("&server-name=localhost", with: ""))
            }?.code == .authenticationFailed
        )
        #expect(await failure { _ = try await dial(target(port).replacing("ca.pem", with: "other.pem")) }?.code == .authenticationFailed)
        #expect(await failure { _ = try await dial(target(port, "&alpn=imap")) }?.code == .protocolViolation)
        await right.close()
        let (expired, second) = try await server(as: "expired", ["-alpn", "patchbay"])
        let error = await failure { _ = try await dial(target(second)) }
        #expect(error?.code == .authenticationFailed && error?.message.contains("expired") == true)
        await expired.close()
        let (old, third) = try await server(as: "server", ["-tls1_2", "-alpn", "patchbay"])
        let refusal = await failure { _ = try await dial(target(third)) }
        #expect(refusal?.code == .protocolViolation && refusal?.message.contains("TLS 1.3") == true)
        await old.close()
        let (plain, fourth) = try await server()
        #expect(await failure { _ = try await dial(target(fourth)) }?.code == .protocolViolation)
        let connection = try await dial(target(fourth, "&alpn=none"))
        try await connection.send(text: "hello")
        connection.flush()
        try await wait(for: "hello", from: plain)
        await connection.close()
        await plain.close()
    }

    @Test("s_server demands a certificate: the right one is taken, none and a wrong one are refused")
    func mutualServer() async throws {
        let demand = ["-alpn", "patchbay", "-Verify", "1", "-verify_return_error", "-CAfile", certificates.pem("ca")]
        let (peer, port) = try await server(as: "server", demand)
        let connection = try await dial(target(port, "&\(certificates.identity("client"))"))
        try await connection.send(text: "hello")
        connection.flush()
        try await wait(for: "hello", from: peer)
        await connection.close()
        for options in ["", "&\(certificates.identity("stranger"))"] {
            // The dialer is done before the listener has seen its certificate: the refusal comes instead of the first message.
            let error = await failure {
                let connection = try await dial(target(port, options))
                _ = try await connection.receiveText()
            }
            #expect(error?.code == .authenticationFailed, "\(String(describing: error))")
        }
        await peer.close()
    }
}
