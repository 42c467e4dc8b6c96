internal import AuthenticatorTestSupport
internal import FuzzSupport
internal import NIOCore
internal import Testing

@testable internal import PatchbayCore
@testable internal import PatchbayMutualHMAC

@Suite("hmac in the greeting")
struct GreetingTests {
    private static func greeting(_ role: Role, _ key: String) throws -> Greeting {
        var generator = FuzzSource(seed: role == .dialer ? 1 : 2)
        return Greeting(
            role: role,
            stack: "json+length+hmac",
            nonce: GreetingNonce(using: &generator),
            identity: MutualHMACAuthenticator(key: ByteBuffer(string: key))
        )
    }

    /// Lets both ends talk until each is done; the first throw ends it.
    private static func run(
        _ dialer: inout Greeting,
        _ listener: inout Greeting
    ) throws -> (dialer: OpeningResult, listener: OpeningResult) {
        var toDialer = ByteBuffer()
        var toListener = ByteBuffer()
        var dialed: OpeningResult?
        var listened: OpeningResult?
        // A greeting has some ten steps an end.
        for _ in 0..<100 {
            if dialed == nil { dialed = try step(&dialer, &toDialer, &toListener) }
            if listened == nil { listened = try step(&listener, &toListener, &toDialer) }
            if let dialed, let listened { return (dialed, listened) }
        }
        throw HandshakePair.Stalled()
    }

    private static func step(
        _ greeting: inout Greeting,
        _ incoming: inout ByteBuffer,
        _ outgoing: inout ByteBuffer
    ) throws -> OpeningResult? {
        switch try greeting.advance(&incoming) {
        case .send(var bytes): outgoing.writeBuffer(&bytes)
        case .admit: greeting.admitted()
        case .done(let result): return result
        case .need, .perform: break
        }
        return nil
    }

    @Test("two ends with one key come up, and their records open")
    func up() throws {
        let key = AuthenticationKey.generate()
        var dialer = try Self.greeting(.dialer, key)
        var listener = try Self.greeting(.listener, key)
        var (dialed, listened) = try Self.run(&dialer, &listener)
        #expect(dialed.exportedMACs.count == 1 && listened.exportedMACs.count == 1)
        var wire = ByteBuffer()
        var plain = ByteBuffer()
        try Array("first message".utf8).withUnsafeBytes { try dialed.sealer?.seal($0, into: &wire) }
        #expect(try listened.opener?.open(&wire, into: &plain, upTo: 100) == .bytes(13))
        #expect(String(buffer: plain) == "first message")
    }

    @Test("two ends with two keys do not, and the listener has a word for the dialer")
    func refused() throws {
        var dialer = try Self.greeting(.dialer, AuthenticationKey.generate())
        var listener = try Self.greeting(.listener, AuthenticationKey.generate())
        let error = #expect(throws: PatchbayError.self) { try Self.run(&dialer, &listener) }
        #expect(error?.code == .authenticationFailed)
        #expect(listener.parting != nil)
    }
}
