internal import Crypto
internal import Foundation
internal import NIOCore
internal import PatchbayCore
internal import PythonSupport
internal import Testing

@testable internal import PatchbaySCRAM

/// A Python that has scramp of PyPI.
private let python: String? = {
    let candidates = [ProcessInfo.processInfo.environment["PATCHBAY_PYTHON"]].compactMap { $0 } + Interpreter.all.map(\.path)
    return candidates.first { path in (try? Script(path: path, "import scramp").run("")) != nil }
}()

/// The peer knows the channel bindings of TLS alone, so that one of those stands for ours.
@Suite(.enabled(if: python != nil, "needs a Python with the package scramp; PATCHBAY_PYTHON can name one"))
struct ScrampTests {
    private static let bindings = [
        ChannelBinding(header: "n,,", data: []),
        ChannelBinding(header: "p=tls-unique,,", data: Array(SHA256.hash(data: Array("a greeting".utf8)))),
    ]

    private static let preamble = """
        import sys
        from scramp import ScramClient, ScramMechanism
        binding = ("tls-unique", bytes.fromhex(sys.argv[1])) if sys.argv[1] else None
        name = "SCRAM-SHA-256" if binding is None else "SCRAM-SHA-256-PLUS"
        def hear(): return sys.stdin.readline().rstrip("\\n")
        def say(text): print(text, flush=True)

        """

    private static let server = """
        mechanism = ScramMechanism(name)
        user = mechanism.make_auth_info("pencil", iteration_count=5000)
        server = mechanism.make_server(lambda name: {"ada": user}[name], channel_binding=binding)
        server.set_client_first(hear())
        say(server.get_server_first())
        server.set_client_final(hear())
        say(server.get_server_final())
        """

    private static let client = """
        client = ScramClient([name], "ada", sys.argv[2], channel_binding=binding)
        say(client.get_client_first())
        client.set_server_first(hear())
        say(client.get_client_final())
        client.set_server_final(hear())
        say("agreed")
        """

    /// A peer that speaks line by line.
    private struct Peer {
        struct Ended: Error { var complaint: String }

        let script: Script
        private var heard: [UInt8] = []

        init(_ program: String, _ binding: ChannelBinding, _ arguments: String...) throws {
            let data = binding.data.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
            script = try Script(path: try #require(python), ScrampTests.preamble + program, arguments: [data] + arguments)
        }

        func say(_ message: [UInt8]) throws { try script.write(message + Array("\n".utf8)) }

        mutating func hear() throws -> [UInt8] {
            while true {
                if let end = heard.firstIndex(of: UInt8(ascii: "\n")) {
                    defer { heard.removeSubrange(...end) }
                    return Array(heard[..<end])
                }
                let more = script.readSome()
                guard !more.isEmpty else { throw Ended(complaint: script.finish()) }
                heard += more
            }
        }
    }

    @Test("this end dials scramp", arguments: 0..<2)
    func dialing(_ index: Int) throws {
        let binding = Self.bindings[index]
        var peer = try Peer(Self.server, binding)
        let exchange = ClientExchange(user: "ada", nonce: AttributeText.makeNonce(), binding: binding)
        try peer.say(exchange.message)
        let challenge = try exchange.challenge(try peer.hear(), iterations: 4096...10_000)
        #expect(challenge.iterations == 5000)
        let keys = try SaltedKeys(password: Array("pencil".utf8), salt: challenge.salt, iterations: challenge.iterations)
        let (answer, proof) = challenge.answer(keys)
        try peer.say(answer)
        _ = try proof.verify(try peer.hear())
        #expect(peer.script.finish().isEmpty)
    }

    @Test("scramp dials this end", arguments: 0..<2)
    func listening(_ index: Int) throws {
        let binding = Self.bindings[index]
        var peer = try Peer(Self.client, binding, "pencil")
        let exchange = try ServerExchange(try peer.hear(), binding: binding)
        #expect(exchange.user == "ada")
        let (question, challenge) = exchange.challenge(try Ends.verifier("pencil"), nonce: AttributeText.makeNonce())
        try peer.say(question)
        try peer.say(try challenge.verify(try peer.hear()).message)
        #expect(try peer.hear() == Array("agreed".utf8))
        #expect(peer.script.finish().isEmpty)
    }

    @Test("scramp with a wrong password is refused")
    func wrong() throws {
        let binding = Self.bindings[1]
        var peer = try Peer(Self.client, binding, "pen")
        let exchange = try ServerExchange(try peer.hear(), binding: binding)
        let (question, challenge) = exchange.challenge(try Ends.verifier("pencil"), nonce: AttributeText.makeNonce())
        try peer.say(question)
        let answer = try peer.hear()
        #expect(code { _ = try challenge.verify(answer) } == .authenticationFailed)
        _ = peer.script.finish()
    }

    @Test("scramp and this end keep the same of a password")
    func verifiers() throws {
        let script = """
            import base64
            from scramp import ScramMechanism
            salt, stored, server, count = ScramMechanism("SCRAM-SHA-256").make_auth_info("pencil", iteration_count=4096, salt=bytes(range(16)))
            text = lambda data: base64.b64encode(data).decode()
            print(f"SCRAM-SHA-256${count}:{text(salt)}${text(stored)}:{text(server)}")
            """
        let line = try Script(path: try #require(python), script).run("")
        #expect(line == "\(try Ends.verifier("pencil").encoded)\n")
    }
}
