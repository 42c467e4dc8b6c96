internal import NIOCore
internal import PatchbayCore
internal import Testing

@testable internal import PatchbaySCRAM

@Suite("The exchange of scram")
struct HandshakeTests {
    static let refusals: Set<PatchbayError.Code> = [.authenticationFailed, .protocolViolation, .refused]

    @Test("two ends with one password agree, and export one secret, another one each time")
    func agreement() async throws {
        let dialing = try Ends.password("correct horse")
        let listening = try Ends.password("correct horse")
        var codes: Set<[UInt8]> = []
        for _ in 0..<3 {
            var pair = try HandshakePair(dialing, listening, greetingUser: "ada")
            try await pair.run()
            #expect(pair.code == nil && pair.messages.count == 4)
            let macs = try [Role.dialer, .listener].map { try #require(pair.results[$0]?.exportedMAC) }
            #expect(macs[0](ByteBuffer(string: "x")) == macs[1](ByteBuffer(string: "x")))
            #expect(macs[0](ByteBuffer(string: "x")) != macs[0](ByteBuffer(string: "y")))
            codes.insert(Array(macs[0](ByteBuffer(string: "x")).readableBytesView))
            // Everybody's password says nothing of who it is; neither end leaves anything on the stream.
            #expect(pair.results.values.allSatisfy { $0.identity == nil && $0.transform == nil })
        }
        #expect(codes.count == 3)
    }

    @Test("the messages have the form of RFC 5802, bound to the greeting, and hold neither the password nor its keys")
    func form() async throws {
        var pair = try HandshakePair(Ends.password("correct horse"), Ends.password("correct horse"), user: "a,d=a")
        try await pair.run()
        let texts = pair.messages.map { String(decoding: $0, as: UTF8.self) }
        #expect(texts[0].hasPrefix("p=patchbay,,n=a=2Cd=3Da,r="))
        let asked = texts[1].split(separator: ",").map(String.init)
        #expect(asked.count == 3 && asked[0].hasPrefix("r=\(texts[0].suffix(32))") && asked[0].utf8.count == 66)
        #expect(asked[1].hasPrefix("s=") && asked[1].utf8.count == 26 && asked[2] == "i=4096")
        // base64("p=patchbay,,") ‖ base64(SHA-256 of the transcript, computed with Python's hashlib)
        #expect(texts[2].hasPrefix("c=cD1wYXRjaGJheSws" + "CF+XEQcsRVJQmWa9iFr419ECguSkveyTH0fvRKrKbuU=" + ",r="))
        #expect(texts[3].hasPrefix("v=") && texts[3].utf8.count == 46)
        #expect(texts.allSatisfy { !$0.contains("correct") })
    }

    @Test("a user of a file is known by name")
    func identity() async throws {
        let lines = try Ends.verifier("correct horse").line(user: "ada") + "\n"
        try await withFile(lines) { path in
            var pair = try HandshakePair(Ends.password("correct horse"), Ends.verifiers(path), greetingUser: "ada")
            try await pair.run()
            #expect(pair.code == nil)
            #expect(pair.results[.listener]?.identity == "ada" && pair.results[.dialer]?.identity == nil)
        }
    }

    @Test("a wrong password and an unknown user are refused after as many messages of the same form, in the same words")
    func unknown() async throws {
        let lines = try Ends.verifier("correct horse").line(user: "ada") + "\n"
        try await withFile(lines) { path in
            let listening = try Ends.verifiers(path)
            var shapes: Set<[Int]> = []
            var words: Set<String> = []
            var salts: [String: Set<String>] = [:]
            for (user, password) in [("ada", "wrong"), ("eve", "correct horse"), ("eve", "wrong"), ("ivy", "wrong"), ("ada", "wrong")] {
                var pair = try HandshakePair(Ends.password(password), listening, user: user)
                try await pair.run()
                shapes.insert(pair.messages.map(\.count))
                words.insert(pair.failures.map { "\($0) \($1.code) \($1)" }.joined())
                let parts = String(decoding: pair.messages[1], as: UTF8.self).split(separator: ",").map(String.init)
                #expect(parts.last == "i=4096")
                salts[user, default: []].insert(parts[1])
            }
            #expect(shapes.count == 1 && shapes.first?.count == 3)
            #expect(words == ["listener authentication-failed \(PatchbayError.wrongPassword)"])
            // Each name has a salt of its own, and keeps it.
            #expect(salts.values.allSatisfy { $0.count == 1 } && Set(salts.values.flatMap { $0 }).count == 3)
        }
    }

    @Test("a wrong password is refused where everybody has one, and the listener has proved nothing by then")
    func wrong() async throws {
        var pair = try HandshakePair(Ends.password("wrong"), Ends.password("correct horse"))
        try await pair.run()
        #expect(pair.failures[.listener]?.code == .authenticationFailed && pair.messages.count == 3)
    }

    @Test("a listener that does not know the password is refused by the dialer")
    func impostor() async throws {
        let dialing = try Ends.password("correct horse")
        var genuine = try HandshakePair(dialing, Ends.password("correct horse"))
        try await genuine.run()
        // It takes any proof, and signs with a key of its own.
        let invented = try ServerExchange(genuine.messages[0], binding: ChannelBinding(transcript: HandshakePair.transcript))
        let (first, _) = invented.challenge(try Ends.verifier("guess"), nonce: AttributeText.makeNonce())
        var dialer = try dialing.makeHandshake(HandshakeContext(role: .dialer, transcript: HandshakePair.transcript, user: "ada"))
        let hello = try #require(try dialer.step(.start).output.first)
        let nonce = String(decoding: hello.readableBytesView, as: UTF8.self).split(separator: "r=").last.map(String.init) ?? ""
        let forged = String(decoding: first, as: UTF8.self).split(separator: ",").dropFirst().joined(separator: ",")
        guard case .perform(let work) = try dialer.step(.message(ByteBuffer(string: "r=\(nonce)mine,\(forged)"))).next else {
            Issue.record("no derivation")
            return
        }
        guard case .receive = try dialer.step(.verdict(try await work())).next else {
            Issue.record("no answer")
            return
        }
        let signature = Array(repeating: UInt8(7), count: 32).withUnsafeBytes { Base64.encode($0) }
        #expect(code { _ = try dialer.step(.message(ByteBuffer(string: "v=\(signature)"))) } == .authenticationFailed)
    }

    @Test("a greeting that reads differently at the two ends is refused, at each of its bytes")
    func otherTranscript() async throws {
        let dialing = try Ends.password("correct horse")
        let listening = try Ends.password("correct horse")
        for index in 0..<HandshakePair.transcript.readableBytes {
            var changed = HandshakePair.transcript
            changed.setInteger(try #require(changed.getInteger(at: index, as: UInt8.self)) ^ 1, at: index)
            var pair = try HandshakePair(dialing, listening, listened: changed)
            try await pair.run()
            #expect(pair.failures[.listener]?.code == .authenticationFailed)
        }
    }

    @Test("messages of an earlier exchange are refused, even under the same greeting")
    func replay() async throws {
        let dialing = try Ends.password("correct horse")
        let listening = try Ends.password("correct horse")
        var earlier = try HandshakePair(dialing, listening)
        try await earlier.run()
        for indices in [[0, 2], [1], [2], [3]] {
            var pair = try HandshakePair(dialing, listening)
            try await pair.run { indices.contains($0) ? earlier.messages[$0] : $1 }
            #expect(pair.code == .authenticationFailed, "\(indices)")
        }
    }

    @Test("messages sent back to the end that made them are refused")
    func reflection() async throws {
        let ends = try Ends.password("correct horse")
        for index in 1..<4 {
            var pair = try HandshakePair(ends, ends)
            var sent: [[UInt8]] = []
            try await pair.run { current, bytes in
                sent.append(bytes)
                // What its receiver sent last, instead of the answer to it.
                return current == index ? sent[current - 1] : bytes
            }
            #expect(pair.code == .protocolViolation, "\(index)")
        }
    }

    @Test("every bit of each message counts", .timeLimit(.minutes(5)))
    func flips() async throws {
        let dialing = try Ends.password("correct horse")
        let listening = try Ends.password("correct horse")
        var genuine = try HandshakePair(dialing, listening)
        try await genuine.run()
        for message in 0..<4 {
            for bit in 0..<genuine.messages[message].count * 8 {
                var pair = try HandshakePair(dialing, listening)
                try await pair.run { index, bytes in
                    guard index == message else { return bytes }
                    var bytes = bytes
                    bytes[bit / 8] ^= 1 << (bit % 8)
                    return bytes
                }
                let code = try #require(pair.code, "message \(message), bit \(bit)")
                #expect(Self.refusals.contains(code), "message \(message), bit \(bit): \(code)")
                #expect(pair.results[message == 3 ? .dialer : .listener] == nil)
            }
        }
    }

    @Test("what comes out of turn is a violation, and after a failure everything is")
    func outOfTurn() throws {
        let ends = try Ends.password("correct horse")
        for role in [Role.dialer, .listener] {
            let context = HandshakeContext(role: role, transcript: HandshakePair.transcript, user: "ada")
            for input in [HandshakeInput.message(ByteBuffer(string: "r=1")), .verdict(true), .verdict(false)] {
                var handshake = try ends.makeHandshake(context)
                #expect(code { _ = try handshake.step(input) } == .protocolViolation)
                #expect(code { _ = try handshake.step(.start) } == .protocolViolation)
            }
            for input in [HandshakeInput.start, .verdict(true)] {
                var handshake = try ends.makeHandshake(context)
                _ = try handshake.step(.start)
                #expect(code { _ = try handshake.step(input) } == .protocolViolation)
                #expect(code { _ = try handshake.step(.message(ByteBuffer(string: "r=1"))) } == .protocolViolation)
            }
        }
    }

    @Test("a verdict without the work behind it admits nobody")
    func earlyVerdict() throws {
        let first = ByteBuffer(string: "p=patchbay,,n=ada,r=0123456789abcdef")
        for verdict in [true, false] {
            let context = HandshakeContext(role: .listener, transcript: HandshakePair.transcript)
            var listener = try Ends.password("correct horse").makeHandshake(context)
            _ = try listener.step(.start)
            guard case .perform = try listener.step(.message(first)).next else {
                Issue.record("no work")
                return
            }
            #expect(code { _ = try listener.step(.verdict(verdict)) } == .protocolViolation)
            #expect(code { _ = try listener.step(.message(first)) } == .protocolViolation)
        }
    }

    @Test("the greeting and the exchange must name one user, byte by byte")
    func twoUsers() async throws {
        let ends = try Ends.password("correct horse")
        for (user, other) in [("ada", "root"), ("\u{e9}", "e\u{301}")] {
            var pair = try HandshakePair(ends, ends, user: user, greetingUser: other)
            try await pair.run()
            #expect(pair.failures[.listener]?.code == .protocolViolation)
        }
    }

    @Test("a listener computes once, however many dial, and a dialer once for one listener")
    func computedOnce() async throws {
        let ends = try Ends.password("correct horse")
        for round in 0..<3 {
            var dialer = try ends.makeHandshake(HandshakeContext(role: .dialer, transcript: HandshakePair.transcript, user: "ada"))
            var listener = try ends.makeHandshake(HandshakeContext(role: .listener, transcript: HandshakePair.transcript))
            _ = try listener.step(.start)
            var step = try listener.step(.message(#require(try dialer.step(.start).output.first)))
            if case .perform(let work) = step.next {
                #expect(round == 0)
                step = try listener.step(.verdict(try await work()))
            }
            guard case .receive = try dialer.step(.message(#require(step.output.first))).next else {
                Issue.record("the dialer computed again")
                return
            }
        }
    }

    @Test("a derivation waits for its turn, and no more than two run", .timeLimit(.minutes(1)))
    func bounded() async throws {
        let gates = SCRAMAuthenticator.Gates()
        let ends = try SCRAMAuthenticator(
            password: ByteBuffer(string: "correct horse"),
            verifiers: nil,
            iterations: HandshakePair.iterations,
            gates: gates
        )
        var listener = try ends.makeHandshake(HandshakeContext(role: .listener, transcript: HandshakePair.transcript))
        _ = try listener.step(.start)
        let first = ByteBuffer(string: "p=patchbay,,n=ada,r=0123456789abcdef")
        guard case .perform(let work) = try listener.step(.message(first)).next else {
            Issue.record("no work")
            return
        }
        let holds = (0..<2).map { _ in AsyncStream.makeStream(of: Void.self) }
        let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            for hold in holds {
                group.addTask {
                    try await gates.derivations.withPass {
                        arrived.yield()
                        for await _ in hold.stream { break }
                        return true
                    }
                }
            }
            var arriving = arrivals.makeAsyncIterator()
            await arriving.next()
            await arriving.next()
            group.addTask { try await work() }
            while gates.derivations.waiting == 0 { await Task.yield() }
            for hold in holds { hold.continuation.finish() }
            for try await isDone in group { #expect(isDone) }
        }
        guard case .receive = try listener.step(.verdict(true)).next else {
            Issue.record("no question")
            return
        }
    }
}
