import FuzzSupport
import NIOCore
import Testing

@testable import PatchbayCore

@Suite struct GreetingFuzzTests {
    /// Every input ends in a wait, a result or an error, and buffers nothing beyond its bounds.
    @Test(arguments: [Role.dialer, .listener])
    func `twenty thousand inputs trap nothing`(_ role: Role) async throws {
        var generator = FuzzSource.forTest("\(role)")
        var valid: [(GreetingShape, [UInt8])] = []
        for shape in GreetingShape.allCases {
            var pair = shape.pair()
            await pair.run()
            valid.append((shape, role == .dialer ? pair.listenerBytes : pair.dialerBytes))
        }
        for round in 0..<20_000 {
            let (shape, bytes) = valid[round % valid.count]
            var input = generator.input(from: bytes, longest: 200)
            // Random bytes get past the preface.
            if Bool.random(using: &generator) { input = Array("PBAY".utf8) + [1] + input }
            var end = OpeningEnd(shape.greeting(role, user: role == .dialer ? "ada" : "base"))
            var index = 0
            while index < input.count, !end.isOver {
                let next = min(input.count, index + Int.random(in: 1...64, using: &generator))
                end.inbox.writeBytes(input[index..<next])
                index = next
                _ = await end.run()
            }
            if !end.isOver { end.error = end.opening.ended(end.inbox) }
            #expect(end.isOver)
        }
    }

    @Test func `twenty thousand frames of a bare handshake trap nothing`() async throws {
        var generator = FuzzSource.forTest()
        let valid: [UInt8] = [0, 0, 0, 9] + Array("challenge".utf8) + [0, 0, 0, 2, 1, 2]
        for _ in 0..<20_000 {
            var end = OpeningEnd(BareHandshake(role: .dialer, framing: LengthFraming(), authenticator: FakeAuthenticator()))
            end.inbox.writeBytes(generator.input(from: valid, longest: 40))
            _ = await end.run()
            if !end.isOver { end.error = end.opening.ended(end.inbox) }
        }
    }
}
