import FuzzSupport
import NIOCore
import PatchbayCore
import Testing

@testable import PatchbayRelay

/// A relay's side of an opening, by hand.
private struct FakeRelay {
    var key: RelayKey?
    var realm = "relay.example:7000"
    var nonce = [UInt8](200..<232)
    var transcript = RelayTranscript()

    mutating func greeting() throws -> ByteBuffer {
        var output = ByteBuffer(bytes: RelayOpening.preface)
        try RelayMessage.challenge(nonce: nonce, realm: realm).write(into: &output)
        transcript.append(output)
        return output
    }

    /// What the client asked, and whether its proof is right.
    mutating func take(_ bytes: ByteBuffer) throws -> (RelayMessage, Bool) {
        var wire = bytes
        wire.moveReaderIndex(forwardBy: RelayOpening.preface.count)
        guard let (message, _) = try RelayMessage.read(&wire) else { throw PatchbayError(.truncated, "no frame", stage: .handshake) }
        guard let key, message.proof != nil else {
            transcript.append(bytes)
            return (message, false)
        }
        return (message, transcript.verify(bytes, with: key, from: .dialer))
    }

    mutating func ready(circuit: [UInt8]?, lease: UInt32?) throws -> ByteBuffer {
        let proof = key.map { _ in [UInt8](repeating: 0, count: 32) }
        var output = ByteBuffer()
        try RelayMessage.ready(circuit: circuit, lease: lease, proof: proof).write(into: &output)
        if let key { transcript.prove(&output, with: key, as: .listener) }
        return output
    }
}

@Suite("A client's opening at a relay")
struct RelayOpeningTests {
    private static let circuit = [UInt8](0..<16)
    private static let nonce = [UInt8](100..<132)
    private static let intents: [RelayOpening.Intent] = [
        .listen(name: "worker", generation: 3, instance: circuit), .dial(name: "worker"),
    ]

    private static func key(_ text: String = "a key of more than sixteen bytes") throws -> RelayKey {
        try RelayKey(id: "ops", key: ByteBuffer(string: text))
    }

    /// Runs an opening against a fake relay; `change` may alter what the relay's answers are.
    private func run(
        _ intent: RelayOpening.Intent,
        _ key: RelayKey?,
        relayKey: RelayKey?,
        change: (_ index: Int, _ bytes: ByteBuffer) -> ByteBuffer = { $1 }
    ) throws -> (outcome: RelayOpening.Outcome, asked: RelayMessage, isProved: Bool) {
        var relay = FakeRelay(key: relayKey)
        var opening = RelayOpening(intent, key: key, nonce: Self.nonce)
        var wire = change(0, try relay.greeting())
        guard case .send(let question) = try opening.advance(&wire) else {
            throw PatchbayError(.truncated, "no question", stage: .handshake)
        }
        let (asked, isProved) = try relay.take(question)
        let isListening = if case .listen = intent { true } else { false }
        var answer = change(1, try relay.ready(circuit: isListening ? nil : Self.circuit, lease: isListening ? 30_000 : nil))
        guard case .done(let outcome) = try opening.advance(&answer) else { throw PatchbayError(.truncated, "no end", stage: .handshake) }
        return (outcome, asked, isProved)
    }

    @Test("with a key both ends prove it; without, neither does", arguments: intents)
    func agreement(_ intent: RelayOpening.Intent) throws {
        let keyed = try run(intent, try Self.key(), relayKey: try Self.key())
        #expect(keyed.isProved)
        #expect(keyed.outcome.realm == "relay.example:7000")
        let open = try run(intent, nil, relayKey: nil)
        #expect(open.asked.proof == nil && open.outcome == keyed.outcome)
    }

    @Test("another key is refused by either end", arguments: intents)
    func otherKey(_ intent: RelayOpening.Intent) throws {
        let error = #expect(throws: PatchbayError.self) {
            let result = try run(intent, try Self.key(), relayKey: try Self.key("another key of sixteen bytes"))
            #expect(!result.isProved)
        }
        #expect(error?.code == .authenticationFailed)
        // A relay without the key cannot pass for one that has it.
        let none = #expect(throws: PatchbayError.self) { try run(intent, try Self.key(), relayKey: nil) }
        #expect(none?.code == .authenticationFailed)
    }

    @Test("no bit of what the relay says can be changed", arguments: intents)
    func flips(_ intent: RelayOpening.Intent) throws {
        var relay = FakeRelay()
        let greeting = try relay.greeting().readableBytes
        for index in 0...1 {
            let count = index == 0 ? greeting : 100
            for bit in 0..<count * 8 {
                #expect(throws: PatchbayError.self) {
                    try run(intent, try Self.key(), relayKey: try Self.key()) { at, bytes in
                        guard at == index, bit / 8 < bytes.readableBytes else {
                            // Behind the end there is nothing to flip: a byte is dropped instead.
                            return at == index ? bytes.getSlice(at: 0, length: bytes.readableBytes - 1) ?? bytes : bytes
                        }
                        var changed = bytes
                        let byte = bytes.getInteger(at: bytes.readerIndex + bit / 8, as: UInt8.self) ?? 0
                        changed.setInteger(byte ^ 1 << (bit % 8), at: bytes.readerIndex + bit / 8)
                        return changed
                    }
                }
            }
        }
    }

    @Test("it asks for no byte behind the relay's last, whatever comes in which pieces")
    func exact() throws {
        var relay = FakeRelay(key: try Self.key())
        var opening = RelayOpening(.dial(name: "worker"), key: try Self.key(), nonce: Self.nonce)
        var source = try relay.greeting()
        var wire = ByteBuffer()
        var isDone = false
        while !isDone {
            switch try opening.advance(&wire) {
            case .need(let count):
                let missing = count - wire.readableBytes
                #expect(missing > 0 && missing <= source.readableBytes)
                let next = source.readSlice(length: 1)
                var piece = try #require(next)
                wire.writeBuffer(&piece)
            case .send(let question):
                _ = try relay.take(question)
                source = try relay.ready(circuit: Self.circuit, lease: nil)
                source.writeString("the peer's first words")
            case .done: isDone = true
            }
        }
        #expect(String(buffer: source) == "the peer's first words")
        #expect(wire.readableBytes == 0)
    }

    @Test("a refusal says why", arguments: [PatchbayError.Code.noSuchName, .nameAway, .relayFull, .permissionDenied])
    func refusals(_ code: PatchbayError.Code) throws {
        var relay = FakeRelay()
        var opening = RelayOpening(.dial(name: "worker"), key: nil, nonce: Self.nonce)
        var wire = try relay.greeting()
        _ = try opening.advance(&wire)
        try RelayMessage.failure(code: code, message: "so it is").write(into: &wire)
        let error = #expect(throws: PatchbayError.self) { try opening.advance(&wire) }
        #expect(error?.code == code && error?.message.contains("so it is") == true)
        #expect(throws: PatchbayError.self) { try opening.advance(&wire) }
    }

    @Test("what is no relay is told at its first byte")
    func stranger() throws {
        var opening = RelayOpening(.dial(name: "worker"), key: nil, nonce: Self.nonce)
        var wire = ByteBuffer(string: "H")
        let error = #expect(throws: PatchbayError.self) { try opening.advance(&wire) }
        #expect(error?.code == .protocolViolation)
    }

    @Test("100,000 forged answers never trap, and none is taken for the relay's")
    func fuzz() throws {
        var generator = FuzzSource.forTest()
        let key = try Self.key()
        var relay = FakeRelay(key: key)
        var asked = RelayOpening(.dial(name: "worker"), key: key, nonce: Self.nonce)
        var greeting = try relay.greeting()
        guard case .send(let question) = try asked.advance(&greeting) else { return }
        _ = try relay.take(question)
        let answer = Array(try relay.ready(circuit: Self.circuit, lease: nil).readableBytesView)
        for round in 0..<100_000 {
            var opening = asked
            var bytes = round & 1 == 0 ? generator.input(from: [], longest: 128) : answer
            if round & 1 == 1 {
                let at = Int.random(in: 0..<bytes.count, using: &generator)
                bytes[at] ^= UInt8.random(in: 1...255, using: &generator)
            }
            var wire = ByteBuffer(bytes: bytes)
            let step = try? opening.advance(&wire)
            if case .done? = step { Issue.record("taken: \(bytes)") }
        }
    }
}
