import FuzzSupport
import NIOCore
import PatchbayIO
import Testing

@testable import PatchbayCore

/// The stacks that the greeting is tested with.
enum GreetingShape: CaseIterable {
    case open, keyed, unkeyed, working, transforming, securing, securingAndKeyed

    var securing: FakeAuthenticator? {
        switch self {
        case .securing, .securingAndKeyed: FakeAuthenticator(key: "secure", transforms: true)
        default: nil
        }
    }

    var identity: FakeAuthenticator? {
        switch self {
        case .open, .securing: nil
        case .keyed: FakeAuthenticator()
        case .unkeyed: FakeAuthenticator(exports: false)
        case .working: FakeAuthenticator(works: true)
        case .transforming, .securingAndKeyed: FakeAuthenticator(transforms: true)
        }
    }

    func greeting(
        _ role: Role,
        stack: String = "json+length",
        user: String? = nil,
        data: HandshakeData = HandshakeData(),
        key: String? = nil,
        nonce: UInt8? = nil,
        limits: OpeningLimits = OpeningLimits()
    ) -> Greeting {
        var identity = identity
        if let key { identity?.key = key }
        var generator = FuzzSource(seed: UInt64(nonce ?? (role == .dialer ? 1 : 2)))
        return Greeting(
            role: role,
            stack: stack,
            nonce: GreetingNonce(using: &generator),
            user: user,
            data: data,
            securing: securing,
            identity: identity,
            limits: limits
        )
    }

    /// A dialer called ada and a listener called base, each with data.
    func pair() -> OpeningPair {
        OpeningPair(
            greeting(.dialer, user: "ada", data: ["color": "blue"]),
            greeting(.listener, user: "base", data: ["zone": "a", "load": "3"])
        )
    }
}

@Suite struct GreetingTests {
    @Test(arguments: GreetingShape.allCases)
    func `both ends learn who the other is`(_ shape: GreetingShape) async throws {
        var pair = shape.pair()
        await pair.run()
        let dialer = try #require(pair.dialer.result, "\(String(describing: pair.dialer.error))")
        let listener = try #require(pair.listener.result, "\(String(describing: pair.listener.error))")
        #expect(listener.offer.user == "ada")
        #expect(listener.offer.data["color"] == "blue")
        #expect(dialer.offer.user == "base")
        #expect(dialer.offer.data.pairs.map(\.name) == ["zone", "load"])
        #expect(pair.listener.offer?.user == "ada")
        #expect(listener.offer.identity == (shape.identity != nil ? "ada" : shape.securing != nil ? "somebody" : nil))
        #expect((dialer.sealer != nil) == (shape == .transforming || shape.securing != nil))
        #expect(dialer.exportedMACs.count == listener.exportedMACs.count)
        #expect(pair.dialer.inbox.readableBytes == 0)
        #expect(pair.listener.inbox.readableBytes == 0)
    }

    @Test(arguments: GreetingShape.allCases)
    func `one byte at a time is the same as all at once`(_ shape: GreetingShape) async throws {
        var whole = shape.pair()
        await whole.run()
        for chunk in [1, 2, 3, 7] {
            var pair = shape.pair()
            await pair.run(chunk: chunk)
            #expect(pair.dialerBytes == whole.dialerBytes)
            #expect(pair.listenerBytes == whole.listenerBytes)
            #expect(pair.dialer.result?.offer.data == whole.dialer.result?.offer.data)
            #expect(pair.listener.result?.offer.data == whole.listener.result?.offer.data)
            #expect(pair.listener.result?.offer.user == "ada")
        }
    }

    @Test(arguments: GreetingShape.allCases)
    func `a cut at any byte ends in a typed error`(_ shape: GreetingShape) async throws {
        var whole = shape.pair()
        await whole.run()
        for cut in 0..<whole.dialerBytes.count {
            var pair = shape.pair()
            await pair.run { $0 == .dialer && $1 >= cut ? nil : $2 }
            #expect(pair.listener.error?.code == (cut == 0 ? .closed : .truncated))
        }
        for cut in 0..<whole.listenerBytes.count {
            var pair = shape.pair()
            await pair.run { $0 == .listener && $1 >= cut ? nil : $2 }
            #expect(pair.dialer.error?.code == (cut == 0 ? .closed : .truncated))
            #expect(pair.listener.result == nil)
        }
    }

    @Test(arguments: [GreetingShape.keyed, .working, .transforming, .securing, .securingAndKeyed])
    func `a changed byte anywhere ends in a typed error`(_ shape: GreetingShape) async throws {
        var whole = shape.pair()
        await whole.run()
        for (role, count) in [(Role.dialer, whole.dialerBytes.count), (.listener, whole.listenerBytes.count)] {
            for index in 0..<count {
                for mask: UInt8 in [0x01, 0x80] {
                    var pair = shape.pair()
                    await pair.run { $0 == role && $1 == index ? $2 ^ mask : $2 }
                    // The end that reads the changed byte refuses; the other learns of it, or sees the end of the stream.
                    let reader = role == .dialer ? pair.listener : pair.dialer
                    #expect(reader.result == nil, "byte \(index) of the \(role)")
                    #expect(reader.error != nil)
                    #expect(pair.listener.result == nil)
                }
            }
        }
    }

    @Test func `different stacks are named at both ends`() async throws {
        var pair = OpeningPair(
            GreetingShape.open.greeting(.dialer, stack: "json+length"),
            GreetingShape.open.greeting(.listener, stack: "cbor+length")
        )
        await pair.run()
        let dialer = try #require(pair.dialer.error)
        let listener = try #require(pair.listener.error)
        for error in [dialer, listener] {
            #expect(error.code == .stackMismatch)
            #expect(error.message.contains("json+length"))
            #expect(error.message.contains("cbor+length"))
        }
        #expect(dialer.message.contains("'json+length' here"))
        #expect(listener.message.contains("'cbor+length' here"))
    }

    @Test(arguments: [GreetingShape.keyed, .working, .transforming, .securingAndKeyed])
    func `a wrong key fails authentication at both ends, and says no more`(_ shape: GreetingShape) async throws {
        var pair = OpeningPair(shape.greeting(.dialer, key: "wrong"), shape.greeting(.listener))
        await pair.run()
        #expect(pair.dialer.error?.code == .authenticationFailed)
        #expect(pair.dialer.error?.message.contains("fake key") == false)
        #expect(pair.listener.error?.code == .authenticationFailed)
    }

    @Test func `the plain ERROR of a peer that refused the last message is understood behind a transform`() async throws {
        // The dialer checks the listener's last message and refuses it; the listener has its transform already.
        var wrong = FakeAuthenticator(transforms: true)
        wrong.padding = 1
        var generator = FuzzSource(seed: 3)
        let listener = Greeting(role: .listener, stack: "json+length", nonce: GreetingNonce(using: &generator), securing: wrong)
        let dialer = Greeting(
            role: .dialer,
            stack: "json+length",
            nonce: GreetingNonce(using: &generator),
            securing: FakeAuthenticator(transforms: true)
        )
        var pair = OpeningPair(dialer, listener)
        await pair.run()
        #expect(pair.dialer.error?.code == .authenticationFailed)
        #expect(pair.listener.error?.code == .authenticationFailed)
        #expect(pair.listener.error?.message.contains("the peer ended the connection") == true)
    }

    @Test func `a plain frame that is no ERROR is refused behind a transform`() async throws {
        var pair = GreetingShape.securing.pair()
        // Replaces what follows the dialer's two frames by plain DETAILS.
        let plain: [UInt8] = [0x80, 0, 0, 1, ControlKind.details.rawValue]
        var whole = GreetingShape.securing.pair()
        await whole.run()
        let start = whole.dialer.sent.prefix(2).reduce(0) { $0 + $1.readableBytes }
        await pair.run { role, index, byte in
            guard role == .dialer, index >= start else { return byte }
            return index - start < plain.count ? plain[index - start] : nil
        }
        #expect(pair.listener.error?.code == .authenticationFailed)
        #expect(pair.listener.offer == nil)
    }

    @Test(arguments: [GreetingShape.securing, .securingAndKeyed])
    func `handshake data does not travel in the clear below a securing layer`(_ shape: GreetingShape) async throws {
        var pair = shape.pair()
        await pair.run()
        let hello = try #require(pair.dialer.sent.first)
        #expect(!Array(hello.readableBytesView).contains(Array("blue".utf8)))
        // And a peer that sends it there is refused.
        var leaky = OpeningPair(GreetingShape.open.greeting(.dialer, user: "ada"), shape.greeting(.listener))
        await leaky.run()
        #expect(leaky.listener.error?.code == .protocolViolation)
        #expect(leaky.dialer.error?.code == .protocolViolation)
    }

    @Test func `a securing layer that leaves no transform is refused before data is sent`() async throws {
        var generator = FuzzSource(seed: 4)
        let dialer = Greeting(
            role: .dialer,
            stack: "s",
            nonce: GreetingNonce(using: &generator),
            user: "ada",
            securing: FakeAuthenticator()
        )
        let listener = Greeting(role: .listener, stack: "s", nonce: GreetingNonce(using: &generator), securing: FakeAuthenticator())
        var pair = OpeningPair(dialer, listener)
        await pair.run()
        #expect(pair.dialer.error?.code == .authenticationFailed)
        #expect(!pair.dialerBytes.contains(Array("ada".utf8)))
    }

    @Test(arguments: GreetingShape.allCases)
    func `a refusal reaches the dialer with its reason`(_ shape: GreetingShape) async throws {
        var pair = OpeningPair(shape.greeting(.dialer), shape.greeting(.listener), refusal: "full\u{1b}[2J house")
        await pair.run()
        #expect(pair.listener.error?.code == .refused)
        #expect(pair.dialer.error?.code == .refused)
        #expect(pair.dialer.error?.message.contains("full\u{FFFD}[2J house") == true)
    }

    @Test func `a peer that echoes the greeting is refused`() async throws {
        var dialer = OpeningEnd(GreetingShape.open.greeting(.dialer))
        let hello = await dialer.run()
        dialer.inbox.writeImmutableBuffer(hello)
        _ = await dialer.run()
        #expect(dialer.error?.code == .protocolViolation)
    }

    @Test func `another protocol is refused at its first byte, without an answer`() async throws {
        var listener = OpeningEnd(GreetingShape.open.greeting(.listener))
        listener.inbox.writeString("G")
        #expect(await listener.run().readableBytes == 0)
        #expect(listener.error?.code == .protocolViolation)
        #expect(listener.error?.message.contains("bare") == true)
    }

    @Test func `another major version is told`() async throws {
        var listener = OpeningEnd(GreetingShape.open.greeting(.listener))
        listener.inbox.writeBytes(Array("PBAY".utf8) + [2])
        let answer = await listener.run()
        #expect(listener.error?.code == .versionMismatch)
        #expect(Array(answer.readableBytesView.prefix(5)) == Array("PBAY".utf8) + [1])
        var dialer = OpeningEnd(GreetingShape.open.greeting(.dialer))
        _ = await dialer.run()
        dialer.inbox.writeImmutableBuffer(answer)
        _ = await dialer.run()
        #expect(dialer.error?.code == .versionMismatch)
    }

    @Test func `data too large for the frame is refused before anything is sent`() async throws {
        let value = String(repeating: "x", count: 5000)
        var pair = OpeningPair(GreetingShape.open.greeting(.dialer, data: ["big": value]), GreetingShape.open.greeting(.listener))
        await pair.run()
        #expect(pair.dialer.error?.code == .limitExceeded)
    }

    @Test func `frames and greetings above their limits are refused from the header on`() async throws {
        var listener = OpeningEnd(GreetingShape.open.greeting(.listener))
        listener.inbox.writeBytes(Array("PBAY".utf8) + [1, 0x80, 0, 0x10, 0x01])
        _ = await listener.run()
        #expect(listener.error?.code == .protocolViolation)
        var limits = OpeningLimits()
        limits.greetingBytes = 100
        var pair = OpeningPair(GreetingShape.keyed.greeting(.dialer), GreetingShape.keyed.greeting(.listener, limits: limits))
        await pair.run()
        #expect(pair.listener.error?.code == .limitExceeded)
    }

    @Test func `a deadline is told to the peer`() async throws {
        var dialer = OpeningEnd(GreetingShape.open.greeting(.dialer))
        var listener = GreetingShape.open.greeting(.listener)
        var bytes = await dialer.run()
        guard case .send(let hello) = try listener.advance(&bytes) else { throw PatchbayError(.closed, "no HELLO", stage: .handshake) }
        listener.abandon(PatchbayError(.timedOut, "the greeting took longer than 5 s", stage: .handshake))
        dialer.inbox.writeImmutableBuffer(hello)
        dialer.inbox.writeImmutableBuffer(try #require(listener.parting))
        _ = await dialer.run()
        #expect(dialer.error?.code == .timedOut)
    }

    @Test func `what comes behind the greeting stays for the connection`() async throws {
        for shape in GreetingShape.allCases {
            var pair = shape.pair()
            await pair.run()
            var end = OpeningEnd(shape.greeting(.listener, user: "base", data: ["zone": "a", "load": "3"]))
            for piece in pair.dialer.sent.dropLast() {
                end.inbox.writeImmutableBuffer(piece)
                _ = await end.run()
            }
            end.inbox.writeImmutableBuffer(try #require(pair.dialer.sent.last))
            end.inbox.writeBytes([0, 0, 0, 1, 9])
            _ = await end.run()
            #expect(end.result != nil)
            #expect(Array(end.inbox.readableBytesView) == [0, 0, 0, 1, 9])
        }
    }
}
