import NIOCore
import PageSupport
import Testing

@testable import PatchbayCore

/// An authenticator whose messages and confirmation are those of docs/wire.md.
private struct VectorAuthenticator: Authenticator, Handshake {
    var role = Role.dialer
    let exportedMAC: @Sendable (ByteBuffer) -> ByteBuffer

    func makeHandshake(_ context: HandshakeContext) throws -> any Handshake { Self(role: context.role, exportedMAC: exportedMAC) }

    mutating func step(_ input: HandshakeInput) throws -> HandshakeStep {
        let done = HandshakeStep.Next.done(HandshakeResult(exportedMAC: exportedMAC))
        return switch (role, input) {
        case (.dialer, .start): HandshakeStep(output: [ByteBuffer(bytes: [1, 2, 3])], next: .receive)
        case (.dialer, .message(ByteBuffer(bytes: [4, 5, 6]))): HandshakeStep(next: done)
        case (.listener, .start): HandshakeStep(next: .receive)
        case (.listener, .message(ByteBuffer(bytes: [1, 2, 3]))): HandshakeStep(output: [ByteBuffer(bytes: [4, 5, 6])], next: done)
        default: throw PatchbayError(.authenticationFailed, "not the vector", stage: .authenticate)
        }
    }
}

@Suite struct GreetingVectorTests {
    let vector: PageVectors
    let dialerNonce: GreetingNonce
    let listenerNonce: GreetingNonce
    var dialerLimits = OpeningLimits()
    var listenerLimits = OpeningLimits()

    init() throws {
        vector = try PageVectors("wire.md")
        dialerNonce = try #require(GreetingNonce(ByteBuffer(bytes: UInt8(0)..<32)))
        listenerNonce = try #require(GreetingNonce(ByteBuffer(bytes: UInt8(32)..<64)))
        dialerLimits.largestMessage = 16 << 20
        listenerLimits.largestMessage = 1 << 20
    }

    @Test func `a greeting without authentication is what the page says`() async throws {
        let data = HandshakeData([.init("task", "resize"), .init("task", "crop"), .init("note", "")])
        var pair = OpeningPair(
            Greeting(role: .dialer, stack: "json+length", nonce: dialerNonce, user: "ada", data: data, limits: dialerLimits),
            Greeting(role: .listener, stack: "json+length", nonce: listenerNonce, limits: listenerLimits)
        )
        await pair.run()
        #expect(pair.dialerBytes == (try vector("open, dialer") + vector("open, dialer finish")))
        #expect(pair.listenerBytes == (try vector("open, listener") + vector("open, listener finish")))
        let atListener = try #require(pair.listener.result)
        #expect(atListener.offer.user == "ada")
        #expect(atListener.offer.data == data)
        #expect(atListener.peerLargestMessage == 16 << 20)
        let atDialer = try #require(pair.dialer.result)
        #expect(atDialer.peerLargestMessage == 1 << 20)
        #expect(atDialer.offer.user == nil)
    }

    @Test func `a greeting with an exported MAC confirms the page's transcript with the page's codes`() async throws {
        let listenerFinish = try vector("keyed, listener finish")
        let dialerFinish = try vector("keyed, dialer finish")
        let before = try vector("keyed, dialer") + vector("keyed, listener") + vector("keyed, dialer auth") + vector("keyed, listener auth")
        // HMAC-SHA256 as the page's vectors have it: each code belongs to exactly one input.
        let mac: @Sendable (ByteBuffer) -> ByteBuffer = { input in
            if input == ByteBuffer(bytes: Array("patchbay finish listener\0".utf8) + before) {
                return ByteBuffer(bytes: listenerFinish[5...])
            }
            if input == ByteBuffer(bytes: Array("patchbay finish dialer\0".utf8) + before + listenerFinish) {
                return ByteBuffer(bytes: dialerFinish[5...])
            }
            return ByteBuffer()
        }
        let authenticator = VectorAuthenticator(exportedMAC: mac)
        var pair = OpeningPair(
            Greeting(role: .dialer, stack: "json+length+hmac", nonce: dialerNonce, identity: authenticator, limits: dialerLimits),
            Greeting(role: .listener, stack: "json+length+hmac", nonce: listenerNonce, identity: authenticator, limits: listenerLimits)
        )
        await pair.run()
        #expect(pair.dialerBytes == (try vector("keyed, dialer") + vector("keyed, dialer auth") + dialerFinish))
        #expect(pair.listenerBytes == (try vector("keyed, listener") + vector("keyed, listener auth") + listenerFinish))
        #expect(pair.dialer.result != nil)
        #expect(pair.listener.result != nil)
    }

    @Test func `DETAILS and ERROR are what the page says`() throws {
        var frame = ByteBuffer()
        var content = ByteBuffer()
        try Hello.Details(user: "ada", data: ["task": "resize"]).write(into: &content)
        try LengthFraming().writeControl(.details, content, into: &frame)
        #expect(Array(frame.readableBytesView) == (try vector("details")))
        frame.clear()
        try LengthFraming().writeControl(.details, into: &frame)
        #expect(Array(frame.readableBytesView) == (try vector("details, empty")))
        frame.clear()
        let mismatch = PeerRefusal(telling: PatchbayError(.stackMismatch, "different stacks", stage: .handshake), stack: "cbor+length")
        try LengthFraming().writeControl(.error, mismatch.encoded(), into: &frame)
        #expect(Array(frame.readableBytesView) == (try vector("error, stack")))
        frame.clear()
        let failure = PeerRefusal(
            telling: PatchbayError(.authenticationFailed, "the tag is wrong", stage: .authenticate),
            stack: "cbor+length"
        )
        try LengthFraming().writeControl(.error, failure.encoded(), into: &frame)
        #expect(Array(frame.readableBytesView) == (try vector("error, authentication")))
    }

    @Test func `frames are what the page says`() throws {
        func written(_ body: (inout ByteBuffer) throws -> Void) rethrows -> [UInt8] {
            var buffer = ByteBuffer()
            try body(&buffer)
            return Array(buffer.readableBytesView)
        }
        let framing = LengthFraming(largestFragment: 2)
        #expect(
            try written {
                try framing.writeHeader(bodyBytes: 2, into: &$0)
                $0.writeString("hi")
            } == vector("message hi")
        )
        #expect(try written { try framing.writeHeader(bodyBytes: 0, into: &$0) } == vector("message empty"))
        #expect(
            try written {
                for (piece, more) in [("ab", true), ("cd", true), ("e", false)] {
                    try framing.writeHeader(bodyBytes: piece.utf8.count, moreFollow: more, into: &$0)
                    $0.writeString(piece)
                }
            } == vector("message abcde in fragments of 2")
        )
        #expect(try written { try framing.writeControl(.close, into: &$0) } == vector("close"))
        #expect(try written { try framing.writeControl(.ping, ByteBuffer(bytes: [1, 2]), into: &$0) } == vector("ping 0102"))
        #expect(try written { try framing.writeControl(.pong, ByteBuffer(bytes: [1, 2]), into: &$0) } == vector("pong 0102"))
        #expect(try written { try framing.writeControl(.descriptor, into: &$0) } == vector("descriptor"))
    }
}
