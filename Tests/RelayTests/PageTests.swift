import NIOCore
import PageSupport
import PatchbayCore
import PatchbayIO
import Testing

@testable import PatchbayRelay

/// The values that docs/relay.md names above its vectors.
@Suite("The vectors of docs/relay.md")
struct PageTests {
    private static let realm = "relay.example:7000"
    private static let relayNonce = [UInt8](0..<32)
    private static let clientNonce = [UInt8](32..<64)
    private static let circuit = [UInt8](64..<80)
    private static let listen = RelayOpening.Intent.listen(name: "worker", generation: 7, instance: [UInt8](80..<96))

    private let vector: PageVectors
    private let key: RelayKey

    init() throws {
        vector = try PageVectors("relay.md")
        key = try RelayKey(id: "ops", key: ByteBuffer(string: "0123456789abcdef"))
    }

    /// A client's opening against the relay of the page: it says what the page says, and takes the answer of the page.
    private func open(_ intent: RelayOpening.Intent, _ name: String, _ key: RelayKey?) throws -> RelayOpening.Outcome? {
        var opening = RelayOpening(intent, key: key, nonce: Self.clientNonce)
        var wire = ByteBuffer(bytes: try vector("relay"))
        guard case .send(let said) = try opening.advance(&wire) else { return nil }
        #expect(Array(said.readableBytesView) == (try vector(name)))
        var answer = ByteBuffer(bytes: try vector("\(name), ready"))
        guard case .done(let outcome) = try opening.advance(&answer), answer.readableBytes == 0 else { return nil }
        return outcome
    }

    @Test("a client says what the page says, and takes the page's relay for one")
    func client() throws {
        #expect(try open(.dial(name: "worker"), "dial", key) == .init(realm: Self.realm, circuit: Self.circuit))
        #expect(try open(Self.listen, "listen", key) == .init(realm: Self.realm, lease: 30_000))
        #expect(try open(.dial(name: "worker"), "dial without a key", nil) == .init(realm: Self.realm, circuit: Self.circuit))
        #expect(try open(.accept(circuit: Self.circuit), "accept", nil) == .init(realm: Self.realm, circuit: Self.circuit))
    }

    @Test("a relay takes the page's client for one, and proves itself as the page says", arguments: ["dial", "listen"])
    func relay(_ name: String) throws {
        var transcript = RelayTranscript()
        var greeting = ByteBuffer(bytes: RelayOpening.preface)
        try RelayMessage.challenge(nonce: Self.relayNonce, realm: Self.realm).write(into: &greeting)
        #expect(Array(greeting.readableBytesView) == (try vector("relay")))
        transcript.append(greeting)
        #expect(transcript.verify(ByteBuffer(bytes: try vector(name)), with: key, from: .dialer))
        var ready = ByteBuffer()
        let proof = [UInt8](repeating: 0, count: RelayAccess.proofBytes)
        let message =
            name == "dial"
            ? RelayMessage.ready(circuit: Self.circuit, lease: nil, proof: proof) : .ready(circuit: nil, lease: 30_000, proof: proof)
        try message.write(into: &ready)
        transcript.prove(&ready, with: key, as: .listener)
        #expect(Array(ready.readableBytesView) == (try vector("\(name), ready")))
    }

    @Test(
        "the other frames are those of the page",
        arguments: [
            ("incoming", RelayMessage.incoming(circuit: circuit, caller: "192.0.2.7")),
            ("failure", .failure(code: .nameAway, message: "it is away")),
            ("notice", .notice(code: .relayDown, message: "the relay is going down", after: 1000)),
            ("ping", .ping), ("pong", .pong), ("withdraw", .withdraw),
        ]
    )
    func frames(_ name: String, _ message: RelayMessage) throws {
        var frame = ByteBuffer()
        try message.write(into: &frame)
        #expect(Array(frame.readableBytesView) == (try vector(name)))
        #expect(try RelayMessage.read(&frame)?.message == message)
    }

    @Test("the binding is the page's")
    func binding() throws {
        let reactor = ReactorGroup.shared.next()
        let (stream, other) = MemoryStream.pair(reactor, reactor)
        defer { other.close(abort: true) }
        let relayed = RelayedStream(stream, realm: Self.realm, name: "worker", circuit: Self.circuit)
        defer { relayed.close(abort: true) }
        #expect(relayed.peer.binding == (try vector("binding")))
    }
}
