import FuzzSupport
import NIOCore
import PatchbayCore
import Testing

@testable import PatchbayRelay

@Suite("A relay's frames")
struct RelayMessageTests {
    static let nonce = [UInt8](0..<32)
    static let proof = [UInt8](32..<64)
    static let circuit = [UInt8](64..<80)

    static let samples: [RelayMessage] = [
        .challenge(nonce: nonce, realm: "relay.example:7000"),
        .listen(name: "worker", generation: 7, instance: circuit, access: RelayAccess(nonce: nonce)),
        .listen(name: "wörker", generation: .max, instance: circuit, access: RelayAccess(keyID: "ops", nonce: nonce, proof: proof)),
        .dial(name: "worker", access: RelayAccess(nonce: nonce)),
        .dial(name: String(repeating: "n", count: 255), access: RelayAccess(keyID: "ops", nonce: nonce, proof: proof)),
        .accept(circuit: circuit),
        .ready(circuit: nil, lease: 30_000, proof: nil),
        .ready(circuit: circuit, lease: nil, proof: proof),
        .incoming(circuit: circuit, caller: "10.0.0.7"),
        .failure(code: .nameAway, message: "it is away"),
        .notice(code: .relayFull, message: "nearly full", after: nil),
        .notice(code: .closed, message: "going down", after: 5000),
        .ping, .pong, .withdraw,
    ]

    private func encoded(_ message: RelayMessage) throws -> ByteBuffer {
        var buffer = ByteBuffer()
        try message.write(into: &buffer)
        return buffer
    }

    @Test("what is written is read again, in one piece and byte by byte", arguments: samples)
    func roundTrip(_ message: RelayMessage) throws {
        let whole = try encoded(message)
        var wire = whole
        let first = try RelayMessage.read(&wire)
        let read = try #require(first)
        #expect(read.message == message)
        #expect(read.frame == whole)
        #expect(wire.readableBytes == 0)
        for count in 0..<whole.readableBytes {
            var part = try #require(whole.getSlice(at: 0, length: count))
            #expect(try RelayMessage.read(&part) == nil)
            #expect(part.readableBytes == count)
            #expect(RelayMessage.bytesNeeded(part) == (count < 2 ? 2 : whole.readableBytes))
        }
    }

    @Test("a frame is these bytes")
    func bytes() throws {
        #expect(Array(try encoded(.ping).readableBytesView) == [0, 1, 9])
        let accept: [UInt8] = [0, 20, 4, 6, 0, 16] + Self.circuit
        #expect(Array(try encoded(.accept(circuit: Self.circuit)).readableBytesView) == accept)
        // The proof stands last, whatever comes before it.
        for message in Self.samples where message.proof != nil {
            #expect(Array(try encoded(message).readableBytesView.suffix(32)) == Self.proof)
        }
    }

    @Test("what no peer sends is refused")
    func malformed() throws {
        func code(_ bytes: [UInt8]) -> PatchbayError.Code? {
            var wire = ByteBuffer(bytes: bytes)
            do {
                _ = try RelayMessage.read(&wire)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code([0, 0]) == .protocolViolation)
        #expect(code([4, 1]) == .protocolViolation)
        #expect(code([0, 1, 0]) == .protocolViolation)
        #expect(code([0, 1, 12]) == .protocolViolation)
        #expect(code([0, 1, 4]) == .protocolViolation)
        #expect(code([0, 19, 4, 6, 0, 15] + [UInt8](repeating: 1, count: 15)) == .protocolViolation)
        // A field twice, one that must be understood, one that need not be.
        #expect(code([0, 39, 4] + [6, 0, 16] + Self.circuit + [6, 0, 16] + Self.circuit) == .protocolViolation)
        #expect(code([0, 23, 4] + [6, 0, 16] + Self.circuit + [200, 0, 0]) == .versionMismatch)
        #expect(code([0, 23, 4] + [6, 0, 16] + Self.circuit + [100, 0, 0]) == nil)
    }

    @Test("a text of a relay reaches no terminal as it is, and is cut")
    func printable() throws {
        var wire = try encoded(.failure(code: .nameAway, message: "a\u{1b}[31m" + String(repeating: "b", count: 600)))
        guard case .failure(_, let text)? = try RelayMessage.read(&wire)?.message else {
            Issue.record("no failure")
            return
        }
        #expect(text.utf8.count <= 512 && !text.utf8.contains(0x1b))
    }

    @Test("100,000 forged frames never trap, and what is read can be written")
    func fuzz() throws {
        var generator = FuzzSource.forTest()
        let valid = try Self.samples.map { Array(try encoded($0).readableBytesView) }
        for round in 0..<100_000 {
            var bytes: [UInt8]
            if round & 3 == 0 {
                bytes = generator.input(from: [], longest: 200)
                if bytes.count > 2 { bytes.replaceSubrange(0..<2, with: [0, UInt8(min(bytes.count - 2, 255))]) }
            } else {
                bytes = valid.randomElement(using: &generator) ?? []
                for _ in 0..<Int.random(in: 1...3, using: &generator) where !bytes.isEmpty {
                    let at = Int.random(in: 0..<bytes.count, using: &generator)
                    switch Int.random(in: 0..<3, using: &generator) {
                    case 0: bytes[at] = UInt8.random(in: 0...255, using: &generator)
                    case 1: bytes.remove(at: at)
                    default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: at)
                    }
                }
            }
            var wire = ByteBuffer(bytes: bytes)
            guard let (message, _) = try? RelayMessage.read(&wire) else { continue }
            var again = try encoded(message)
            #expect(try RelayMessage.read(&again)?.message == message)
        }
    }
}
