internal import FuzzSupport
internal import NIOCore
internal import PatchbayCore
internal import Testing

@testable internal import PatchbaySCRAM

@Suite("Forged messages of scram")
struct FuzzTests {
    static let refusals: Set<PatchbayError.Code> = [.authenticationFailed, .protocolViolation, .refused, .limitExceeded]

    /// A handshake that waits for the message of this place in the exchange, with that message.
    static func waiting() async throws -> [(handshake: any Handshake, genuine: [UInt8])] {
        let dialing = try Ends.password("correct horse")
        let listening = try Ends.password("correct horse")
        // So that each end has its keys, and needs no work in between.
        var first = try HandshakePair(dialing, listening)
        try await first.run()
        var pair = try HandshakePair(dialing, listening)
        var ends: [(any Handshake, [UInt8])] = []
        var message: [UInt8] = []
        _ = try pair.listener.step(.start)
        message = Array(try #require(try pair.dialer.step(.start).output.first).readableBytesView)
        for turn in 0..<4 {
            // A handshake is a value: this is the end as it is before the message.
            ends.append((turn.isMultiple(of: 2) ? pair.listener : pair.dialer, message))
            let input = HandshakeInput.message(ByteBuffer(bytes: message))
            let step = turn.isMultiple(of: 2) ? try pair.listener.step(input) : try pair.dialer.step(input)
            if turn < 3 { message = Array(try #require(step.output.first).readableBytesView) }
        }
        return ends
    }

    @Test("100,000 forged messages, at each place of both roles, never trap, and none is accepted", .timeLimit(.minutes(5)))
    func messages() async throws {
        var generator = FuzzSource.forTest()
        let places = try await Self.waiting()
        #expect(places.count == 4)
        for round in 0..<100_000 {
            let (handshake, genuine) = places[round & 3]
            let bytes = generator.input(from: genuine, longest: 300)
            if bytes == genuine { continue }
            var end = handshake
            do {
                let step = try end.step(.message(ByteBuffer(bytes: bytes)))
                // The first two messages prove nothing yet.
                if case .done = step.next { Issue.record("message \(round & 3) was accepted: \(bytes)") }
                #expect(round & 3 < 2)
            } catch let error as PatchbayError {
                #expect(Self.refusals.contains(error.code), "\(error.code)")
            }
            // It is over, whatever comes.
            if round & 3 > 1 { #expect(code { _ = try end.step(.message(ByteBuffer(bytes: genuine))) } == .protocolViolation) }
        }
    }

    @Test("20,000 files of noise are errors or tables, and never trap")
    func files() throws {
        var generator = FuzzSource.forTest()
        let valid = Array("# x\nada:\(VectorTests.pencil)\r\neve:\(try Ends.verifier("x").encoded)\n".utf8)
        for _ in 0..<20_000 {
            let bytes = generator.input(from: valid, longest: 200)
            do {
                _ = try UserTable(bytes, path: "users", format: .verifiers)
            } catch {
                #expect(error.code == .invalidOption)
            }
        }
    }
}
