internal import NIOCore
internal import Patchbay
internal import PatchbayCore
internal import Testing

@testable internal import PatchbayNoise

@Suite("The layer noise")
struct PluginTests {
    private static let pair = NoiseKeyPair()

    private func code(_ url: String) -> PatchbayError.Code? {
        do {
            _ = try Registry.standard.resolve(ConnectionURL(url), for: .dialer)
            return nil
        } catch {
            #expect(!"\(error)".contains(Self.pair.privateText) && !"\(error)".contains("0123456789abcde"))
            return (error as? PatchbayError)?.code
        }
    }

    @Test("what a URL must and must not say")
    func urls() {
        let (own, peer) = (Self.pair.privateText, NoiseKeyPair().publicText)
        #expect(code("noise+tcp://:0123456789abcdef@10.0.0.1:7") == nil)
        #expect(code("noise+tcp://:0123456789abcdef@10.0.0.1:7?cipher=aesgcm") == nil)
        #expect(code("noise+tcp://:0123456789abcde@10.0.0.1:7") == .invalidOption)
        #expect(code("noise+tcp://10.0.0.1:7") == .missingOption)
        #expect(code("noise+tcp://10.0.0.1:7?pattern=xx") == .missingOption)
        #expect(code("noise+tcp://10.0.0.1:7?pattern=xx&private-key=\(own)") == .missingOption)
        #expect(code("noise+tcp://10.0.0.1:7?pattern=xx&private-key=\(own)&peer=any") == nil)
        #expect(code("noise+tcp://10.0.0.1:7?pattern=ik&private-key=\(own)&peer=\(peer)") == nil)
        #expect(code("noise+tcp://10.0.0.1:7?pattern=ik&private-key=\(own)&peer=\(peer)x") == .invalidOption)
        #expect(code("noise+tcp://10.0.0.1:7?pattern=ik&private-key=\(own.dropLast())&peer=\(peer)") == .invalidOption)
        #expect(code("noise+tcp://:0123456789abcdef@10.0.0.1:7?pattern=ik&private-key=\(own)&peer=\(peer)") == .invalidOption)
        #expect(code("noise+tcp://:0123456789abcdef@10.0.0.1:7?peer=\(peer)") == .invalidOption)
        #expect(code("noise+bare+length32+tcp://:0123456789abcdef@10.0.0.1:7") == .wrongOrder)
    }

    @Test("a password may travel above it, over any network")
    func passwordAbove() {
        let own = "noise.pattern=xx&noise.private-key=\(Self.pair.privateText)&password.password=secret"
        #expect(code("password+noise+tcp://ada@10.0.0.1:7?password.password=secret&noise.key=0123456789abcdef") == nil)
        #expect(code("password+noise+tcp://ada@10.0.0.1:7?\(own)&noise.peer=\(NoiseKeyPair().publicText)") == nil)
        #expect(code("password+noise+tcp://ada@10.0.0.1:7?\(own)&noise.peer=any") == .insecure)
        #expect(code("password+noise+tcp://ada@10.0.0.1:7?\(own)&noise.peer=any&insecure") == nil)
    }

    @Test("a key that the environment holds for everyone is for those who take one", arguments: ["key=0123456789abcdef", "key-env=HOME"])
    func keyWithPairs(_ key: String) {
        let url = "noise+tcp://10.0.0.1:7?pattern=xx&peer=any&private-key=\(Self.pair.privateText)"
        #expect(code("\(url)&\(key)") == .invalidOption)
        let stack = try? Registry.standard.resolve(ConnectionURL(url), for: .dialer, defaultKey: ByteBuffer(string: "0123456789abcdef"))
        #expect(stack != nil)
    }

    @Test("a key pair's texts can be read again, and are 43 characters that stand in a URL as they are")
    func texts() throws {
        for _ in 0..<100 {
            let pair = NoiseKeyPair()
            #expect(try NoiseKeyPair(privateText: pair.privateText + "\n").publicText == pair.publicText)
            #expect("\(pair)" == pair.publicText)
            for text in [pair.privateText, pair.publicText] {
                #expect(text.utf8.count == 43)
                #expect(text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == "_") })
            }
        }
        for text in ["", "x", String(repeating: "A", count: 42), String(repeating: "A", count: 44), String(repeating: "+", count: 43)] {
            #expect(throws: PatchbayError.self) { try NoiseKeyPair(privateText: text) }
        }
    }
}
