import NIOCore
import Testing

@testable import PatchbayCore

@Suite struct BareHandshakeTests {
    func pair(key: String = "key", works: Bool = false, padding: Int = 0, refusal: String? = nil) -> OpeningPair {
        OpeningPair(
            BareHandshake(role: .dialer, framing: LengthFraming(), authenticator: FakeAuthenticator(key: key), user: "ada"),
            BareHandshake(role: .listener, framing: LengthFraming(), authenticator: FakeAuthenticator(works: works, padding: padding)),
            refusal: refusal
        )
    }

    @Test func `without an authenticator nothing is exchanged`() async throws {
        var pair = OpeningPair(
            BareHandshake(role: .dialer, framing: LengthFraming()),
            BareHandshake(role: .listener, framing: LengthFraming())
        )
        await pair.run()
        #expect(pair.dialer.result != nil)
        #expect(pair.listener.result != nil)
        #expect(pair.listener.offer != nil)
        #expect(pair.dialerBytes.isEmpty)
        #expect(pair.listenerBytes.isEmpty)
    }

    @Test(arguments: [1, 3, Int.max], [false, true])
    func `an authenticator's messages travel in the stack's framing`(_ chunk: Int, _ works: Bool) async throws {
        var pair = pair(works: works)
        await pair.run(chunk: chunk)
        #expect(pair.dialer.result?.offer.identity == "ada")
        #expect(pair.listener.result?.offer.identity == "somebody")
        #expect(pair.listenerBytes.starts(with: [0, 0, 0, 9] + Array("challenge".utf8)))
    }

    @Test func `a refused peer gets the authenticator's own words`() async throws {
        var pair = pair(key: "wrong")
        await pair.run()
        #expect(pair.listener.error?.code == .authenticationFailed)
        #expect(Array(pair.listenerBytes.suffix(6)) == [0, 0, 0, 2] + Array("no".utf8))
        #expect(pair.dialer.error?.code == .authenticationFailed)
    }

    @Test func `a cut at any byte ends in a typed error`() async throws {
        var whole = pair()
        await whole.run()
        for cut in 0..<whole.listenerBytes.count {
            var pair = pair()
            await pair.run { $0 == .listener && $1 >= cut ? nil : $2 }
            #expect(pair.dialer.error?.code == (cut == 0 ? .closed : .truncated))
        }
        for cut in 0..<whole.dialerBytes.count {
            var pair = pair()
            await pair.run { $0 == .dialer && $1 >= cut ? nil : $2 }
            #expect(pair.listener.error?.code == (cut == 0 ? .closed : .truncated))
        }
    }

    @Test func `a message above 256 bytes is refused from its header on`() async throws {
        var dialer = OpeningEnd(BareHandshake(role: .dialer, framing: LengthFraming(), authenticator: FakeAuthenticator()))
        dialer.inbox.writeBytes([0, 0, 1, 1])
        _ = await dialer.run()
        #expect(dialer.error?.code == .protocolViolation)
    }

    @Test func `a refusal closes without a word`() async throws {
        var pair = pair(refusal: "no")
        await pair.run()
        #expect(pair.listener.error?.code == .refused)
        #expect(pair.dialer.result != nil)
    }

    @Test func `control frames and fragments have no place`() async throws {
        for bytes: [UInt8] in [[0x80, 0, 0, 1, 7], [0x40, 0, 0, 1, 7]] {
            var dialer = OpeningEnd(BareHandshake(role: .dialer, framing: LengthFraming(), authenticator: FakeAuthenticator()))
            dialer.inbox.writeBytes(bytes)
            _ = await dialer.run()
            #expect(dialer.error?.code == .protocolViolation)
        }
    }
}
