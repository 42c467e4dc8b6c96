internal import FuzzSupport
internal import NIOCore
internal import PatchbayCore
internal import PatchbayPython
internal import Testing

@Suite("Python's authentication")
struct PythonHandshakeTests {
    private static let key = Array("secret".utf8)

    /// Both ends, stepped in turn until both are done; `tamper` sees every message and may change it.
    /// - Returns: each end's error, and all messages with who sent them.
    private func run(
        dialer: PythonAuthenticator,
        listener: PythonAuthenticator,
        tamper: (_ index: Int, _ message: inout ByteBuffer) -> Void = { _, _ in }
    ) -> (dialer: PatchbayError?, listener: PatchbayError?, done: Int, messages: [(from: Role, ByteBuffer)]) {
        var ends: [Role: any Handshake] = [
            .dialer: dialer.makeHandshake(HandshakeContext(role: .dialer)),
            .listener: listener.makeHandshake(HandshakeContext(role: .listener)),
        ]
        var errors: [Role: PatchbayError] = [:]
        var messages: [(from: Role, ByteBuffer)] = []
        var pending: [(to: Role, ByteBuffer)] = []
        var done = 0

        func step(_ role: Role, _ input: HandshakeInput) {
            var outgoing: [ByteBuffer] = []
            do {
                guard let step = try ends[role]?.step(input) else { return }
                outgoing = step.output
                if case .done = step.next { done += 1 }
            } catch {
                errors[role] = error as? PatchbayError
                if let parting = ends[role]?.parting { outgoing = [parting] }
            }
            for var message in outgoing {
                tamper(messages.count, &message)
                messages.append((role, message))
                pending.append((role == .dialer ? .listener : .dialer, message))
            }
        }
        step(.dialer, .start)
        step(.listener, .start)
        while !pending.isEmpty {
            let (role, message) = pending.removeFirst()
            guard errors[role] == nil else { continue }
            step(role, .message(message))
        }
        return (errors[.dialer], errors[.listener], done, messages)
    }

    private func end(_ key: [UInt8] = key, _ digest: PythonDigest = .sha256) -> PythonAuthenticator {
        PythonAuthenticator(key: key, digest: digest)
    }

    @Test("the legacy vector")
    func legacyVector() throws {
        let challenge = PythonChallenge(key: Self.key, digest: .md5)
        let answer = try challenge.answer(to: ByteBuffer(bytes: Array("#CHALLENGE#".utf8) + Array(0..<20)))
        #expect(hexadecimal(answer.readableBytesView) == "7defa9cc46abc3583325d17ccda75190")
    }

    @Test("the modern vector")
    func modernVector() throws {
        let challenge = PythonChallenge(key: Self.key)
        let message = challenge.message(nonce: Array(0..<40))
        #expect(Array(message.readableBytesView) == Array("#CHALLENGE#{sha256}".utf8) + Array(0..<40))
        let expected = Array("{sha256}".utf8) + bytes("fc57fbe650d6124b98215e7b5d197d5807ad69982d275a9735ea2d56f1fa6989")
        #expect(Array(try challenge.answer(to: message).readableBytesView) == expected)
        try challenge.check(answer: ByteBuffer(bytes: expected), to: message)
    }

    @Test("a legacy answer to a modern challenge is accepted only where MD5 is named")
    func downgrade() throws {
        let answer = buffer("8e48d2bb349b4b72b9382999ed5b62eb")
        let allowing = PythonChallenge(key: Self.key, digest: .md5)
        try allowing.check(answer: answer, to: allowing.message(nonce: Array(0..<40)))
        let strict = PythonChallenge(key: Self.key)
        let error = #expect(throws: PatchbayError.self) { try strict.check(answer: answer, to: strict.message(nonce: Array(0..<40))) }
        #expect(error?.code == .authenticationFailed)
        #expect(error?.message.contains("python.digest=md5") == true)
        #expect(error?.message.contains("3.11") == true)
    }

    @Test("a legacy challenge, and one that asks for MD5 by name, are answered only where MD5 is named")
    func legacyChallenge() throws {
        let strict = PythonChallenge(key: Self.key)
        for message in [Array(0..<20), Array("{md5}".utf8) + Array(0..<40)] {
            let challenge = ByteBuffer(bytes: Array("#CHALLENGE#".utf8) + message)
            let error = #expect(throws: PatchbayError.self) { try strict.answer(to: challenge) }
            #expect(error?.code == .authenticationFailed)
            #expect(error?.message.contains("python.digest=md5") == true)
            _ = try PythonChallenge(key: Self.key, digest: .md5).answer(to: challenge)
        }
    }

    @Test("messages go in CPython's order: the listener challenges first")
    func order() {
        let (dialer, listener, done, messages) = run(dialer: end(), listener: end())
        #expect(dialer == nil && listener == nil && done == 2)
        let sent = { (role: Role) in messages.filter { $0.from == role }.map(\.1) }
        let welcome = ByteBuffer(string: "#WELCOME#")
        // Each end reads what CPython's would send, in its order; a challenge has 59 bytes, an answer 40.
        #expect(messages.first?.from == .listener)
        #expect(sent(.listener).map(\.readableBytes) == [59, 9, 40] && sent(.listener)[1] == welcome)
        #expect(sent(.dialer).map(\.readableBytes) == [40, 59, 9] && sent(.dialer)[2] == welcome)
    }

    @Test("our ends know each other with every pair of digests", arguments: PythonDigest.allCases, PythonDigest.allCases)
    func digests(one: PythonDigest, other: PythonDigest) {
        let (dialer, listener, done, _) = run(dialer: end(Self.key, one), listener: end(Self.key, other))
        #expect(dialer == nil && listener == nil && done == 2)
    }

    @Test("an empty key is a key")
    func emptyKey() {
        #expect(run(dialer: end([]), listener: end([])).done == 2)
        #expect(run(dialer: end([]), listener: end()).done == 0)
    }

    @Test("with different keys the listener says #FAILURE#, and both ends know")
    func wrongKey() {
        let (dialer, listener, done, messages) = run(dialer: end(Array("other".utf8)), listener: end())
        #expect(done == 0)
        #expect(messages.last?.1 == ByteBuffer(string: "#FAILURE#"))
        #expect(dialer?.code == .authenticationFailed && listener?.code == .authenticationFailed)
        for error in [dialer, listener] { #expect(error.map { "\($0)".contains("secret") } == false) }
    }

    @Test("a peer without a key sends a message instead, and the error says so")
    func keyOnOneSide() throws {
        for role in [Role.dialer, .listener] {
            var handshake: any Handshake = end().makeHandshake(HandshakeContext(role: role))
            _ = try handshake.step(.start)
            let error = #expect(throws: PatchbayError.self) { try handshake.step(.message(buffer("80044b2a2e"))) }
            #expect(error?.message.contains("authkey") == true)
        }
    }

    @Test("a message above 256 bytes is refused in every place")
    func long() throws {
        for place in 0..<6 {
            let result = run(dialer: end(), listener: end()) { index, message in
                if index == place { message.writeRepeatingByte(0, count: 257 - message.readableBytes) }
            }
            #expect(result.dialer?.code == .protocolViolation || result.listener?.code == .protocolViolation)
            #expect(result.done < 2)
        }
    }

    @Test("every flipped bit of every message ends in a typed failure", arguments: [PythonDigest.sha256, .md5])
    func flipped(digest: PythonDigest) {
        let lengths = run(dialer: end(Self.key, digest), listener: end(Self.key, digest)).messages.map { $0.1.readableBytes }
        #expect(lengths.count == 6)
        for (place, length) in lengths.enumerated() {
            for offset in 0..<length {
                let result = run(dialer: end(Self.key, digest), listener: end(Self.key, digest)) { index, message in
                    guard index == place, let byte = message.getInteger(at: offset, as: UInt8.self) else { return }
                    message.setInteger(byte ^ 1 << (offset % 8), at: offset)
                }
                let codes = [result.dialer?.code, result.listener?.code].compactMap { $0 }
                #expect(!codes.isEmpty && codes.allSatisfy { [.authenticationFailed, .protocolViolation].contains($0) })
                #expect(result.done < 2)
            }
        }
    }

    @Test("a handshake that is driven out of turn, or on after its end, throws")
    func outOfTurn() throws {
        var handshake: any Handshake = end().makeHandshake(HandshakeContext(role: .listener))
        #expect(throws: PatchbayError.self) { try handshake.step(.message(ByteBuffer())) }
        #expect(throws: PatchbayError.self) { try handshake.step(.start) }
        #expect(throws: PatchbayError.self) { try handshake.step(.verdict(true)) }
    }

    @Test("the key is in no description")
    func redacted() {
        let authenticator = end([201, 202, 203])
        var dumped = ""
        dump(authenticator.makeHandshake(HandshakeContext(role: .dialer)), to: &dumped)
        dump(authenticator, to: &dumped)
        for text in ["\(authenticator)", String(reflecting: authenticator), dumped] {
            #expect(!text.contains("- 202\n") && !text.contains("201, 202"))
        }
    }

    @Test("each handshake has its own random bytes")
    func randomness() throws {
        var first: any Handshake = end().makeHandshake(HandshakeContext(role: .listener))
        var second: any Handshake = end().makeHandshake(HandshakeContext(role: .listener))
        #expect(try first.step(.start).output != second.step(.start).output)
    }

    @Test("20,000 challenges, answers and verdicts never trap, and none passes that was not made with the key")
    func fuzz() {
        var random = FuzzSource.forTest()
        let challenge = PythonChallenge(key: Self.key, digest: .md5)
        let sent = challenge.message(nonce: Array(0..<40))
        let legacy = Array("#CHALLENGE#".utf8) + Array(0..<20)
        var right: [[UInt8]] = [bytes("8e48d2bb349b4b72b9382999ed5b62eb")]
        for digest in PythonDigest.allCases {
            let code = digest.authenticationCode(for: sent.readableBytesView.dropFirst(11), key: Self.key)
            right.append(Array("{\(digest.rawValue)}".utf8) + code)
        }
        let seeds = right + [Array(sent.readableBytesView), legacy, Array("#WELCOME#".utf8), Array("#FAILURE#".utf8)]
        for _ in 0..<20_000 {
            let input = random.input(fromAny: seeds, longest: 300)
            let message = ByteBuffer(bytes: input)
            _ = try? challenge.answer(to: message)
            if (try? challenge.check(answer: message, to: sent)) != nil { #expect(right.contains(input)) }
            if (try? challenge.check(verdict: message)) != nil { #expect(input == Array("#WELCOME#".utf8)) }
        }
    }
}
