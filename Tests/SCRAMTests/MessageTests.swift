internal import NIOCore
internal import PatchbayCore
internal import Testing

@testable internal import PatchbaySCRAM

@Suite("The messages of scram")
struct MessageTests {
    static let nonce = "0123456789abcdef"
    static let binding = ChannelBinding(transcript: HandshakePair.transcript)

    static var client: ClientExchange { ClientExchange(user: "ada", nonce: nonce, binding: binding) }

    static func first(_ text: String) -> PatchbayError.Code? { first(Array(text.utf8)) }
    static func first(_ bytes: [UInt8]) -> PatchbayError.Code? { code { _ = try ServerExchange(bytes, binding: binding) } }

    static func challenge(_ text: String, most: Int = 10_000) -> PatchbayError.Code? {
        code { _ = try client.challenge(Array(text.utf8), iterations: 4096...most) }
    }

    @Test(
        "a first message that is not one is a violation",
        arguments: [
            "", "p", "x=patchbay,,n=ada,r=\(nonce)", "p=patchbay,,", "p=patchbay,,n=", "p=patchbay,,n=ada", "p=patchbay,,n=ada,r=",
            "p=patchbay,,r=\(nonce),n=ada", "p=patchbay,,n=,r=\(nonce)", "p=patchbay,,n=a=2xb,r=\(nonce)", "p=patchbay,,n=a=,r=\(nonce)",
            "p=patchbay,,n=a=2c,r=\(nonce)", "p=patchbay,,n=a\u{7}b,r=\(nonce)", "p=patchbay,,n=ada,r=0123456789abcde",
            "p=patchbay,,n=ada,r=0123456789abcde f", "p=patchbay,,n=ada,r=\(nonce)\u{e9}", "p=patchbay,,n=ada,r=\(nonce),",
            "p=patchbay,,n=ada,r=\(nonce),x", "p=patchbay,,n=ada,r=\(nonce),x=", "p=patchbay,,n=ada,r=\(nonce),n=eve",
            "p=patchbay,,n=ada,r=\(nonce),1=x", "p=patchbay,,m=x,n=ada,r=\(nonce)", "p=patchbay,,n=ada,r=\(nonce),m=x",
        ]
    )
    func badFirst(_ text: String) {
        #expect(Self.first(text) == .protocolViolation)
    }

    @Test(
        "a first message that is bound to something else, to nothing, or speaks for another, is refused",
        arguments: [
            "n,,n=ada,r=\(nonce)", "y,,n=ada,r=\(nonce)", "p=tls-unique,,n=ada,r=\(nonce)", "p=patchbay,a=root,n=ada,r=\(nonce)",
        ]
    )
    func unbound(_ text: String) {
        #expect(Self.first(text) == .authenticationFailed)
    }

    @Test("names are as long as they may be, with everything that needs an escape, and read as they were written")
    func names() throws {
        for user in ["ada", "a,b=c", ",", "=", "=2C", "ä,ö", String(repeating: "=", count: 255)] {
            let message = ClientExchange(user: user, nonce: Self.nonce, binding: Self.binding).message
            #expect(try ServerExchange(message, binding: Self.binding).user == user)
        }
        #expect(Self.first("p=patchbay,,n=\(String(repeating: "a", count: 255)),r=\(Self.nonce)") == nil)
        #expect(Self.first("p=patchbay,,n=\(String(repeating: "a", count: 256)),r=\(Self.nonce)") == .protocolViolation)
        #expect(Self.first(Array("p=patchbay,,n=".utf8) + [0xff] + Array(",r=\(Self.nonce)".utf8)) == .protocolViolation)
        #expect(Self.first(Array("p=patchbay,,n=a".utf8) + [0] + Array(",r=\(Self.nonce)".utf8)) == .protocolViolation)
    }

    @Test("nonces and whole messages have a longest")
    func lengths() {
        let longest = String(repeating: "x", count: 256)
        #expect(Self.first("p=patchbay,,n=ada,r=\(longest)") == nil)
        #expect(Self.first("p=patchbay,,n=ada,r=\(longest)x") == .protocolViolation)
        #expect(Self.first("p=patchbay,,n=ada,r=\(Self.nonce),x=\(String(repeating: "y", count: 2020))") == nil)
        #expect(Self.first("p=patchbay,,n=ada,r=\(Self.nonce),x=\(String(repeating: "y", count: 2040))") == .protocolViolation)
        #expect(Self.challenge("r=\(Self.nonce)\(longest),s=AAAAAAAAAAA=,i=4096") == nil)
        #expect(Self.challenge("r=\(Self.nonce)\(longest)x,s=AAAAAAAAAAA=,i=4096") == .protocolViolation)
        #expect(Self.challenge("r=\(Self.nonce)x,s=AAAAAAAAAAA=,i=4096,x=\(String(repeating: "y", count: 2040))") == .protocolViolation)
        let salts = [7, 8, 64, 65].map { count in Array(repeating: UInt8(1), count: count).withUnsafeBytes { Base64.encode($0) } }
        #expect(salts.map { Self.challenge("r=\(Self.nonce)x,s=\($0),i=4096") } == [.protocolViolation, nil, nil, .protocolViolation])
    }

    @Test(
        "what a listener asks is read strictly",
        arguments: [
            "", "r=\(nonce)x", "r=\(nonce)x,s=AAAAAAAAAAA=", "s=AAAAAAAAAAA=,r=\(nonce)x,i=4096", "r=\(nonce)x,s=,i=4096",
            "r=\(nonce)x,s=AAAAAAAAAAB=,i=4096", "r=\(nonce)x,s=AAAAAAAAAAA,i=4096", "r=\(nonce)x,s=AAAAAAAA!AA=,i=4096",
            "r=\(nonce)x,s=AAAAAAAAAAA=,i=", "r=\(nonce)x,s=AAAAAAAAAAA=,i=0", "r=\(nonce)x,s=AAAAAAAAAAA=,i=04096",
            "r=\(nonce)x,s=AAAAAAAAAAA=,i=-4096", "r=\(nonce)x,s=AAAAAAAAAAA=,i=4096x", "r=\(nonce)x,s=AAAAAAAAAAA=,i=+4096",
            "r=\(nonce)x,s=AAAAAAAAAAA=,i=4096,", "r=\(nonce)x,s=AAAAAAAAAAA=,i=4096,i=1", "r=\(nonce) x,s=AAAAAAAAAAA=,i=4096",
            "m=x,r=\(nonce)x,s=AAAAAAAAAAA=,i=4096", "r=\(nonce)x,s=AAAAAAAAAAA=,i=4096,m=x",
        ]
    )
    func badChallenge(_ text: String) {
        #expect(Self.challenge(text) == .protocolViolation)
    }

    @Test("a nonce that does not begin with the dialer's, or adds nothing to it, is refused")
    func nonces() {
        for nonce in ["x", "\(Self.nonce.dropLast())", Self.nonce, "x\(Self.nonce)", "\(Self.nonce.dropLast())Fx"] {
            #expect(Self.challenge("r=\(nonce),s=AAAAAAAAAAA=,i=4096") == .authenticationFailed)
        }
    }

    @Test("too few iterations, and more than this end computes, are refused before anything is computed")
    func iterations() throws {
        for count in ["1", "4095", "10001", "10000000", "99999999999999999999999999", String(repeating: "9", count: 1500)] {
            #expect(Self.challenge("r=\(Self.nonce)x,s=AAAAAAAAAAA=,i=\(count)") == .refused, "\(count)")
        }
        #expect(Self.challenge("r=\(Self.nonce)x,s=AAAAAAAAAAA=,i=4096") == nil)
        #expect(Self.challenge("r=\(Self.nonce)x,s=AAAAAAAAAAA=,i=10000") == nil)

        // Through the handshake of a URL's option, too.
        for (count, isRefused) in [(5000, false), (5001, true)] {
            let dialing = try Ends.password("x", mostIterations: 5000)
            var dialer = try dialing.makeHandshake(HandshakeContext(role: .dialer, transcript: HandshakePair.transcript, user: "ada"))
            let hello = try #require(try dialer.step(.start).output.first)
            let nonce = String(decoding: hello.readableBytesView.suffix(32), as: UTF8.self)
            let message = ByteBuffer(string: "r=\(nonce)x,s=AAAAAAAAAAA=,i=\(count)")
            #expect(code { _ = try dialer.step(.message(message)) } == (isRefused ? .refused : nil))
        }
    }

    @Test("optional extensions are passed over, as the RFC demands, and are part of what is proved")
    func extensions() throws {
        let verifier = try Ends.verifier("pencil")
        let keys = try SaltedKeys(password: Array("pencil".utf8), salt: verifier.salt, iterations: verifier.iterations)
        func final(_ hello: [UInt8], _ seen: [UInt8]) throws -> PatchbayError.Code? {
            let (asked, challenge) = try ServerExchange(seen, binding: Self.binding).challenge(verifier, nonce: "fedcba9876543210")
            let (answer, _) = try Self.client.challenge(asked, iterations: 4096...4096).answer(keys)
            return code { _ = try challenge.verify(answer) }
        }
        let hello = Self.client.message
        #expect(try final(hello, hello) == nil)
        #expect(try final(hello, hello + Array(",x=y,Z=1=2".utf8)) == .authenticationFailed)
    }

    @Test("a last message that is not one is a violation, and one for another exchange is refused")
    func finals() throws {
        let verifier = try Ends.verifier("pencil")
        let keys = try SaltedKeys(password: Array("pencil".utf8), salt: verifier.salt, iterations: verifier.iterations)
        let (asked, challenge) = try ServerExchange(Self.client.message, binding: Self.binding).challenge(
            verifier,
            nonce: "fedcba9876543210"
        )
        let answer = String(decoding: try Self.client.challenge(asked, iterations: 4096...4096).answer(keys).message, as: UTF8.self)
        let parts = answer.split(separator: ",").map(String.init)
        func verify(_ text: String) -> PatchbayError.Code? { code { _ = try challenge.verify(Array(text.utf8)) } }
        #expect(verify(answer) == nil)
        for text in [
            "", ",", "p=", parts[2], "\(parts[0]),\(parts[2])", "\(parts[1]),\(parts[0]),\(parts[2])", "\(parts[0]),\(parts[1])",
            "\(answer),x=y", "\(answer)A", String(answer.dropLast()), "\(parts[0]),\(parts[1]),x,\(parts[2])", "\(answer),\(parts[2])",
            "\(parts[0]),\(parts[1]),m=x,\(parts[2])", "\(parts[0]),\(parts[1]),p=AAAA", "\(parts[0]),\(parts[1]),n=ada,\(parts[2])",
        ] {
            #expect(verify(text) == .protocolViolation, "\(text)")
        }
        for text in [
            // Of no channel, as RFC 7677's is; of another nonce; with an extension that was not there when the proof was made.
            "c=biws,\(parts[1]),\(parts[2])", "\(parts[0]),\(parts[1])x,\(parts[2])", "\(parts[0]),\(parts[1]),x=y,\(parts[2])",
            "\(parts[0]),\(parts[1]),p=\(String(repeating: "A", count: 43))=",
        ] {
            #expect(verify(text) == .authenticationFailed, "\(text)")
        }
    }

    @Test("a dialer that knows the password is still held to this nonce and this binding")
    func rightProof() throws {
        let verifier = try Ends.verifier("pencil")
        let keys = try SaltedKeys(password: Array("pencil".utf8), salt: verifier.salt, iterations: verifier.iterations)
        let hello = Self.client.message
        let (asked, challenge) = try ServerExchange(hello, binding: Self.binding).challenge(verifier, nonce: "fedcba9876543210")
        let whole = "\(Self.nonce)fedcba9876543210"
        func verify(_ withoutProof: String) -> PatchbayError.Code? {
            let exchange = [Array(hello.dropFirst(Self.binding.header.count)), asked, Array(withoutProof.utf8)].withCommas()
            let proof = Proof.masked(keys.client, storedKey: keys.stored, exchange: exchange).withUnsafeBytes { Base64.encode($0) }
            return code { _ = try challenge.verify(Array("\(withoutProof),p=\(proof)".utf8)) }
        }
        #expect(verify("c=\(Self.binding.text),r=\(whole)") == nil)
        #expect(verify("c=\(Self.binding.text),r=\(whole),x=y") == nil)
        #expect(verify("c=\(Self.binding.text),r=\(whole)x") == .authenticationFailed)
        #expect(verify("c=\(Self.binding.text),r=\(Self.nonce)") == .authenticationFailed)
        #expect(verify("c=biws,r=\(whole)") == .authenticationFailed)
        #expect(verify("c=\(Self.binding.text),r=\(whole),m=x") == .protocolViolation)
    }

    @Test(
        "a refusal is read, wherever it comes, and its words are not repeated",
        arguments: [
            ("invalid-proof", PatchbayError.Code.authenticationFailed), ("unknown-user", .authenticationFailed),
            ("channel-bindings-dont-match", .authenticationFailed), ("server-does-support-channel-binding", .authenticationFailed),
            ("channel-binding-not-supported", .authenticationFailed), ("unsupported-channel-binding-type", .authenticationFailed),
            ("invalid-encoding", .protocolViolation), ("extensions-not-supported", .protocolViolation),
            ("invalid-username-encoding", .protocolViolation), ("no-resources", .limitExceeded), ("other-error", .authenticationFailed),
            ("a-word-of-its-own", .authenticationFailed),
        ]
    )
    func refusals(_ word: String, _ expected: PatchbayError.Code) throws {
        let verifier = try Ends.verifier("pencil")
        let keys = try SaltedKeys(password: Array("pencil".utf8), salt: verifier.salt, iterations: verifier.iterations)
        let exchange = try ServerExchange(Self.client.message, binding: Self.binding)
        let (asked, _) = exchange.challenge(verifier, nonce: "fedcba9876543210")
        let (_, proof) = try Self.client.challenge(asked, iterations: 4096...4096).answer(keys)
        for text in ["e=\(word)", "e=\(word),x=y"] {
            let early = #expect(throws: PatchbayError.self) {
                try Self.client.challenge(Array(text.utf8), iterations: 4096...4096)
            }
            let late = #expect(throws: PatchbayError.self) { _ = try proof.verify(Array(text.utf8)) }
            for error in [early, late] { #expect(error?.code == expected && error.map { !"\($0)".contains(word) } == true) }
        }
        #expect(code { _ = try proof.verify(Array("e=".utf8)) } == .protocolViolation)
    }

    @Test("a signature is read strictly", arguments: ["", "v=", "v=AAAA", "v=\(String(repeating: "A", count: 44))", "x=y", "e", "m=x"])
    func signatures(_ text: String) throws {
        let verifier = try Ends.verifier("pencil")
        let keys = try SaltedKeys(password: Array("pencil".utf8), salt: verifier.salt, iterations: verifier.iterations)
        let exchange = try ServerExchange(Self.client.message, binding: Self.binding)
        let (asked, _) = exchange.challenge(verifier, nonce: "fedcba9876543210")
        let (_, proof) = try Self.client.challenge(asked, iterations: 4096...4096).answer(keys)
        #expect(code { _ = try proof.verify(Array(text.utf8)) } == .protocolViolation)
    }
}
