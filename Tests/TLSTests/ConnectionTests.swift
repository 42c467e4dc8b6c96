import Glibc
import NIOCore
import Patchbay
import PatchbayPassword
import Testing

@Suite("TLS between two of us", .enabled(if: Certificates.isThere, Certificates.absence), .timeLimit(.minutes(3)))
struct ConnectionTests {
    let certificates: Certificates

    init() throws { certificates = try #require(Certificates.shared) }

    private static let key = "0123456789abcdef0123456789abcdef"

    private static func pattern(_ count: Int) -> ByteBuffer {
        ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) })
    }

    private func file(_ name: String, _ text: String) throws -> String {
        let path = "\(certificates.folder)/\(name)"
        let file = try #require(fopen(path, "w"))
        fputs(text, file)
        fclose(file)
        return path
    }

    /// Layers above tls, with the options of each end.
    private func options(_ layers: String, _ transport: String) throws -> (dialer: String, listener: String) {
        switch layers {
        case "hmac+": return ("&hmac.key=\(Self.key)", "&hmac.key=\(Self.key)")
        case "password+":
            let hash = try PasswordHash.make(password: ByteBuffer(string: "sesame"))
            return ("&password=sesame", "&password.file=\(try file("users-\(transport)", "ada:\(hash.encoded)\n"))")
        default: return ("", "")
        }
    }

    @Test(
        "messages of all sizes pass both ways, under every identity",
        arguments: ["", "hmac+", "password+", "length32+bare+"],
        ["tcp", "inproc"]
    )
    func conversation(layers: String, transport: String) async throws {
        let isBare = layers.hasPrefix("length32")
        let stack = isBare ? "length32+tls+bare" : layers + "tls"
        let options = try options(layers, transport)
        let host = transport == "tcp" ? "127.0.0.1" : "tls-\(stack.hashValue.magnitude)"
        try await withEcho("\(stack)+\(transport)://\(host)?\(certificates.identity("server"))\(options.listener)") { port, _ in
            let user = layers == "password+" ? "ada@" : ""
            let target = transport == "tcp" ? "127.0.0.1:\(port)" : host
            let connection = try await dial(
                "\(stack)+\(transport)://\(user)\(target)?\(certificates.trust())&server-name=localhost\(options.dialer)"
            )
            #expect(connection.peer.identity == "tls:localhost")
            for size in [0, 5, 16_384, 100_000, 1 << 20, 1 << 20] {
                try await connection.send(bytes: Self.pattern(size))
                #expect(try await connection.receiveBytes(timeout: .seconds(40)) == Self.pattern(size))
            }
            await connection.close()
        }
    }

    @Test("both directions are full at once")
    func fullDuplex() async throws {
        let bound = try await listener("tls+tcp://127.0.0.1?\(certificates.identity("server"))")
        defer { bound.close() }
        async let accepting = bound.accept()
        let dialed = try await dial("tls+tcp://127.0.0.1:\(bound.address?.port ?? 0)?\(certificates.trust())")
        let accepted = try await accepting
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (sender, receiver) in [(dialed, accepted), (accepted, dialed)] {
                group.addTask { for _ in 0..<8 { try await sender.send(bytes: Self.pattern(1 << 20)) } }
                group.addTask {
                    for _ in 0..<8 {
                        let message = try await receiver.receiveBytes(timeout: .seconds(60))
                        #expect(message == Self.pattern(1 << 20))
                    }
                }
            }
            try await group.waitForAll()
        }
        async let closing: Void = dialed.close()
        await accepted.close()
        await closing
    }

    @Test("a listener knows who dialled, before it admits", arguments: [true, false])
    func admission(isWelcome: Bool) async throws {
        let bound = try await listener("tls+tcp://127.0.0.1?\(certificates.identity("server"))&client=require&\(certificates.trust())")
        let port = bound.address?.port ?? 0
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await bound.run(admit: { offer in
                    offer.identity == "tls:ada.example" && isWelcome ? .admit : .refuse(reason: "not \(offer.identity ?? "nobody")")
                }) { try await $0.send(text: "welcome") }
            }
            let url = "tls+tcp://127.0.0.1:\(port)?\(certificates.trust())&\(certificates.identity("named"))"
            if isWelcome {
                let connection = try await dial(url)
                #expect(try await connection.receiveText() == "welcome")
                await connection.close()
            } else {
                let error = await failure { _ = try await dial(url) }
                #expect(error?.code == .refused && error?.message.contains("not tls:ada.example") == true)
            }
            bound.stop(drain: .seconds(5))
            try await group.waitForAll()
        }
    }

    @Test("without the certificate that is demanded a dialer is told in the greeting")
    func noCertificate() async throws {
        try await withEcho("tls+tcp://127.0.0.1?\(certificates.identity("server"))&client=require&\(certificates.trust())") {
            port,
            failures in
            let error = await failure { _ = try await dial("tls+tcp://127.0.0.1:\(port)?\(certificates.trust())") }
            #expect(error?.code == .authenticationFailed, "\(String(describing: error))")
            #expect(await failures.first()?.code == .authenticationFailed)
        }
    }

    @Test("a stream that ends without close_notify is truncated, unless that is allowed", arguments: [false, true], ["", "lines+bare+"])
    func truncated(isOptional: Bool, layers: String) async throws {
        let stack = layers.isEmpty ? "tls" : "lines+tls+bare"
        let option = isOptional ? "&close-notify=optional" : ""
        let bound = try await listener("\(stack)+tcp://127.0.0.1?\(certificates.identity("server"))\(option)")
        defer { bound.close() }
        async let accepting = bound.accept()
        let dialed = try await dial("\(stack)+tcp://127.0.0.1:\(bound.address?.port ?? 0)?\(certificates.trust())")
        let accepted = try await accepting
        try await dialed.send(text: "whole")
        dialed.flush()
        #expect(try await accepted.receiveText() == "whole")
        shutdown(try #require(dialed.descriptor), CInt(SHUT_WR))
        var end: String?? = .none
        let error = await failure { end = .some(try await accepted.receiveText()) }
        #expect(error?.code == (isOptional ? nil : .truncated))
        #expect(isOptional == (end == .some(nil)))
        dialed.abort()
        accepted.abort()
    }

    @Test("an end that finishes is heard, and the other direction goes on")
    func finished() async throws {
        let bound = try await listener("lines+tls+bare+tcp://127.0.0.1?\(certificates.identity("server"))")
        defer { bound.close() }
        async let accepting = bound.accept()
        let dialed = try await dial("lines+tls+bare+tcp://127.0.0.1:\(bound.address?.port ?? 0)?\(certificates.trust())")
        let accepted = try await accepting
        try await dialed.send(text: "last")
        try await dialed.finishSending()
        #expect(try await accepted.receiveText() == "last")
        #expect(try await accepted.receiveText() == nil)
        try await accepted.send(text: "still here")
        accepted.flush()
        #expect(try await dialed.receiveText() == "still here")
        try await accepted.finishSending()
        #expect(try await dialed.receiveText() == nil)
        async let closing: Void = dialed.close()
        await accepted.close()
        await closing
    }

    @Test("a file of roots that changed counts for the next dial")
    func changedRoots() async throws {
        try await withEcho("tls+tcp://127.0.0.1?\(certificates.identity("server"))") { port, _ in
            func write(_ name: String) throws -> String {
                try file("roots.pem", String(decoding: readFile(certificates.pem(name)), as: UTF8.self))
            }
            let url = "tls+tcp://127.0.0.1:\(port)?tls.ca=\(try write("other"))"
            #expect(await failure { _ = try await dial(url) }?.code == .authenticationFailed)
            _ = try write("ca")
            let connection = try await dial(url)
            #expect(connection.peer.identity == "tls:localhost")
            await connection.close()
        }
    }

    @Test("a silent peer has its time, and one that does not speak TLS is told apart")
    func strangers() async throws {
        let url = "lines+tls+bare+tcp://127.0.0.1?\(certificates.identity("server"))&handshake-timeout=200ms"
        let bound = try await Listener.bind(try ConnectionURL(url), registry: .tls)
        let failures = AsyncStream.makeStream(of: PatchbayError.self)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await bound.run(onEvent: { event in
                    if case .handshakeFailed(_, let error as PatchbayError) = event { failures.continuation.yield(error) }
                }) { _ in }
            }
            var iterator = failures.stream.makeAsyncIterator()
            let silent = try await dial("lines+bare+tcp://127.0.0.1:\(bound.address?.port ?? 0)?cost=1")
            #expect(await iterator.next()?.code == .timedOut)
            await silent.close()
            let plain = try await dial("lines+bare+tcp://127.0.0.1:\(bound.address?.port ?? 0)?cost=1")
            try await plain.send(text: "GET / HTTP/1.1")
            plain.flush()
            let error = await iterator.next()
            #expect(error?.code == .protocolViolation && error?.message.contains("does not speak TLS") == true)
            await plain.close()
            bound.stop(drain: .seconds(5))
            try await group.waitForAll()
        }
    }
}
