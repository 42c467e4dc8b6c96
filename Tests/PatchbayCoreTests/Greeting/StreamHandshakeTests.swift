import FuzzSupport
import NIOCore
import PatchbayIO
import Testing

@testable import PatchbayCore

@Suite struct StreamHandshakeTests {
    /// What stands on a secured stream.
    enum Shape: CaseIterable {
        case open, keyed, transforming, securing, bare, bareAndKeyed

        func opening(_ role: Role, key: String = "stream") -> LayeredOpening {
            LayeredOpening(role, FakeStreamAuthenticator(key: key)) { secured in above(role, secured) }
        }

        private func above(_ role: Role, _ secured: OpeningResult) -> any Opening {
            let identity: FakeAuthenticator? =
                switch self {
                case .open, .bare, .securing: nil
                case .keyed, .bareAndKeyed: FakeAuthenticator()
                case .transforming: FakeAuthenticator(transforms: true)
                }
            if self == .bare || self == .bareAndKeyed {
                return BareHandshake(
                    role: role,
                    framing: LengthFraming(),
                    authenticator: identity,
                    user: role == .dialer ? "ada" : nil,
                    over: secured
                )
            }
            var generator = FuzzSource(seed: role == .dialer ? 1 : 2)
            return Greeting(
                role: role,
                stack: "json+length+fake",
                nonce: GreetingNonce(using: &generator),
                user: role == .dialer ? "ada" : "base",
                securing: self == .securing ? FakeAuthenticator(key: "secure", transforms: true) : nil,
                identity: identity,
                over: secured
            )
        }

        func pair(refusal: String? = nil) -> OpeningPair { OpeningPair(opening(.dialer), opening(.listener), refusal: refusal) }
    }

    @Test(arguments: Shape.allCases, [1, 2, 5, Int.max])
    func `what follows goes through what the stream's authenticator leaves`(_ shape: Shape, _ chunk: Int) async throws {
        var pair = shape.pair()
        await pair.run(chunk: chunk)
        let dialer = try #require(pair.dialer.result, "\(String(describing: pair.dialer.error))")
        let listener = try #require(pair.listener.result, "\(String(describing: pair.listener.error))")
        #expect(pair.dialerBytes.starts(with: "knock!".utf8))
        #expect(pair.listenerBytes.starts(with: "enter!".utf8))
        // Only the first transform holds.
        #expect((dialer.sealer as? FakeTransform.Sealer)?.key == "streamdialer")
        #expect((listener.sealer as? FakeTransform.Sealer)?.key == "streamlistener")
        #expect(dialer.opener is FakeStreamTransform.Opener)
        if shape != .bare, shape != .bareAndKeyed {
            // The first record behind the words is the preface: its length, then it.
            #expect(Array(pair.dialerBytes[6..<13]) == [0, 5] + Array("PBAY".utf8) + [1])
            #expect(listener.offer.user == "ada")
        }
        switch shape {
        case .open, .bare: #expect(pair.listener.offer?.identity == "stream")
        case .keyed, .transforming: #expect(pair.listener.offer?.identity == "ada")
        case .securing, .bareAndKeyed: #expect(pair.listener.offer?.identity == "somebody")
        }
    }

    @Test(arguments: Shape.allCases)
    func `a cut at any byte ends in a typed error`(_ shape: Shape) async throws {
        var whole = shape.pair()
        await whole.run()
        for cut in 0..<whole.dialerBytes.count {
            var pair = shape.pair()
            await pair.run { $0 == .dialer && $1 >= cut ? nil : $2 }
            #expect(pair.listener.result == nil)
            #expect([.closed, .truncated].contains(pair.listener.error?.code))
        }
        for cut in 0..<whole.listenerBytes.count {
            var pair = shape.pair()
            await pair.run { $0 == .listener && $1 >= cut ? nil : $2 }
            #expect(pair.dialer.result == nil)
            #expect([.closed, .truncated].contains(pair.dialer.error?.code))
        }
    }

    @Test(arguments: Shape.allCases)
    func `a changed byte anywhere ends in a typed error`(_ shape: Shape) async throws {
        var whole = shape.pair()
        await whole.run()
        for (role, count) in [(Role.dialer, whole.dialerBytes.count), (.listener, whole.listenerBytes.count)] {
            for index in 0..<count {
                var pair = shape.pair()
                await pair.run { $0 == role && $1 == index ? $2 ^ 0x81 : $2 }
                let reader = role == .dialer ? pair.listener : pair.dialer
                #expect(reader.result == nil, "byte \(index) of the \(role)")
                #expect(reader.error != nil)
            }
        }
    }

    @Test func `a refusal travels sealed, and ends the stream in order`() async throws {
        var pair = Shape.keyed.pair(refusal: "not today")
        await pair.run()
        #expect(pair.listener.error?.code == .refused)
        #expect(pair.dialer.error?.code == .refused)
        #expect(pair.dialer.error?.message.contains("not today") == true)
        var bare = Shape.bare.pair(refusal: "not today")
        await bare.run()
        // The empty record, and nothing else: a bare stack has no words.
        #expect(bare.listenerBytes.count == 6 + 2 + 8)
    }

    @Test func `an ERROR in plain is not believed on a secured stream`() async throws {
        var dialer = OpeningEnd(Shape.open.opening(.dialer))
        _ = await dialer.run()
        dialer.inbox.writeImmutableBuffer(FakeStreamAuthenticator.enter)
        dialer.inbox.writeBytes([0x50, 0x42, 0x41, 0x59, 0x01])
        try LengthFraming().writeControl(.error, ByteBuffer(), into: &dialer.inbox)
        _ = await dialer.run()
        #expect(dialer.error == nil)
        // Read as the length of a record, which never comes.
        #expect(dialer.needed > 0)
    }

    @Test func `the authenticator's last words go out`() async throws {
        var listener = OpeningEnd(Shape.open.opening(.listener))
        listener.inbox.writeString("GET / HTTP/1.1\r\n")
        let sent = await listener.run()
        #expect(listener.error?.code == .authenticationFailed)
        #expect(sent == ByteBuffer(string: "alert"))
    }

    @Test func `a peer that never comes to an end is cut off`() async throws {
        let limits = OpeningLimits(streamHandshakeBytes: 5)
        var end = OpeningEnd(StreamHandshake(role: .listener, authenticator: FakeStreamAuthenticator(), limits: limits))
        end.inbox.writeString("knock")
        _ = await end.run()
        #expect(end.error == nil)
        end.inbox.writeString("!")
        _ = await end.run()
        #expect(end.error?.code == .limitExceeded)
    }

    @Test func `an authenticator that leaves the stream open is refused`() async throws {
        var end = OpeningEnd(StreamHandshake(role: .listener, authenticator: FakeStreamAuthenticator(transforms: false)))
        end.inbox.writeImmutableBuffer(FakeStreamAuthenticator.knock)
        _ = await end.run()
        #expect(end.error?.code == .authenticationFailed)
    }
}

/// Says what it was fitted to, by its errors.
private struct Fitting: Authenticator {
    func fitted(to end: AuthenticatorEnd) throws -> any Authenticator {
        throw PatchbayError(
            PatchbayError.Code("fitted"),
            "\(end.role.rawValue) \(end.host ?? "-") \(end.isInsecure)",
            stage: .resolve
        )
    }

    func makeHandshake(_ context: HandshakeContext) throws -> any Handshake { throw CancellationError() }
}

@Suite struct StreamAuthenticatorTests {
    private func registry(_ traits: AuthenticatorTraits, fitting: Bool = false) throws -> Registry {
        var registry = try Registry.fake()
        let made: any Authenticator = fitting ? Fitting() : FakeStreamAuthenticator()
        let layer = Layer(name: "veil", summary: "", maker: .authenticator(traits) { _ in made })
        try registry.register(FakePlugin(name: "veils", layers: [layer]))
        return registry
    }

    @Test func `it stands below the identity, with and without a greeting`() throws {
        let registry = try registry(AuthenticatorTraits(medium: .stream, encrypts: true))
        let keyed = try registry.resolve("json+hmac+veil+tcp://:k@h:1", for: .dialer)
        #expect(keyed.wireText == "json+length+hmac+veil")
        #expect(keyed.underlying is FakeStreamAuthenticator)
        #expect(keyed.securing is InertAuthenticator)
        let alone = try registry.resolve("lines+veil+bare+unix:///a", for: .dialer)
        #expect(alone.underlying is FakeStreamAuthenticator && alone.securing == nil && alone.identity == nil && alone.needsOpening)
        // It hides what stands above it.
        #expect(throws: Never.self) { try registry.resolve("password+veil+tcp://u:k@h:1", for: .dialer) }
        #expect(failure { _ = try registry.resolve("veil+password+tcp://u:k@h:1", for: .dialer) }?.code == .wrongOrder)
    }

    @Test func `one that does not encrypt cannot be registered`() {
        #expect(failure { _ = try registry(AuthenticatorTraits(medium: .stream, secures: true)) }?.code == .invalidArgument)
    }

    @Test(arguments: [
        ("veil+tcp://h:1", Role.dialer, "dialer h false"), ("veil+tcp://", .listener, "listener 127.0.0.1 false"),
        ("veil+unix:///a?insecure", .dialer, "dialer - true"), ("veil+node://worker", .dialer, "dialer - false"),
    ])
    func `an authenticator is fitted to its end when the URL is resolved`(_ url: String, _ role: Role, _ words: String) throws {
        let registry = try registry(AuthenticatorTraits(medium: .stream, encrypts: true), fitting: true)
        let error = try #require(failure { _ = try registry.resolve(try ConnectionURL(url), for: role) })
        #expect(error.message == words)
        #expect(error.layer == "veil")
    }
}
