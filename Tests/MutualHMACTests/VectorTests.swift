internal import AuthenticatorTestSupport
internal import Crypto
internal import NIOCore
internal import PatchbayCore
internal import Testing

@testable internal import PatchbayMutualHMAC

@Suite("HMAC and HKDF against published vectors")
struct VectorTests {
    struct Code: Sendable {
        var key: [UInt8]
        var message: [UInt8]
        var code: String

        init(_ key: [UInt8], _ message: String, _ code: String) { self.init(key, Array(message.utf8), code) }
        init(_ key: [UInt8], _ message: [UInt8], _ code: String) {
            self.key = key
            self.message = message
            self.code = code
        }
    }

    static let codes = [
        Code(Array(repeating: 0x0b, count: 20), "Hi There", "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"),
        Code(Array("Jefe".utf8), "what do ya want for nothing?", "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"),
        Code(
            Array(repeating: 0xaa, count: 20),
            Array(repeating: 0xdd, count: 50),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe"
        ),
        Code(Array(1...25), Array(repeating: 0xcd, count: 50), "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b"),
        Code(Array(repeating: 0x0c, count: 20), "Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
        Code(
            Array(repeating: 0xaa, count: 131),
            "Test Using Larger Than Block-Size Key - Hash Key First",
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"
        ),
        Code(
            Array(repeating: 0xaa, count: 131),
            "This is a test using a larger than block-size key and a larger than block-size data. "
                + "The key needs to be hashed before being used by the HMAC algorithm.",
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2"
        ),
    ]

    @Test("codes are those of RFC 4231, however the message is cut", arguments: codes)
    func hmac(_ vector: Code) {
        let key = KeyedSHA256(key: SymmetricKey(data: vector.key))
        let expected = [UInt8](hexadecimal: vector.code)
        for cut in 0...vector.message.count {
            let code = vector.message.withUnsafeBytes { message in
                Array(key.code(UnsafeRawBufferPointer(rebasing: message[..<cut]), UnsafeRawBufferPointer(rebasing: message[cut...])))
            }
            #expect(Array(code.prefix(expected.count)) == expected)
        }
    }

    @Test("derived keys are those of RFC 5869, appendix A")
    func hkdf() {
        func derive(_ key: [UInt8], _ salt: [UInt8], _ info: [UInt8], _ count: Int) -> [UInt8] {
            KeySchedule.derive(from: SymmetricKey(data: key), salt: salt, info: info, bytes: count).withUnsafeBytes { Array($0) }
        }
        let key = [UInt8](repeating: 0x0b, count: 22)
        #expect(
            derive(key, Array(0...12), Array(0xf0...0xf9), 42)
                == Array(hexadecimal: "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")
        )
        #expect(
            derive(Array(0x00...0x4f), Array(0x60...0xaf), Array(0xb0...0xff), 82)
                == Array(
                    hexadecimal: "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
                        + "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
                )
        )
        #expect(
            derive(key, [], [], 42)
                == Array(hexadecimal: "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")
        )
    }

    /// Computed with Python's `hmac` and `hashlib` from the formulas in docs/security.md.
    @Test("proofs, exported codes and records are those of an implementation in Python")
    func python() throws {
        let authenticator = MutualHMACAuthenticator(key: ByteBuffer(string: "sixteen bytes at least"))
        let transcript = ByteBuffer(bytes: 0..<64)
        var pair = try HandshakePair(authenticator, authenticator, dialed: transcript, listened: transcript)
        let (dialer, listener) = try pair.run()
        #expect(
            pair.messages.map { Array($0.bytes.readableBytesView) } == [
                Array(hexadecimal: "a3a55ecd8d11b007f564057ac35af81317b9bd8b01a6060945f240b11b60d310"),
                Array(hexadecimal: "400baa74724cbdf90201483900d956c5df3ec9f1d15e6b8c46dd330319bb6d11"),
            ]
        )
        for result in [dialer, listener] {
            let mac = try #require(result.exportedMAC)
            let code = mac(ByteBuffer(string: "finish"))
            #expect(
                Array(code.readableBytesView)
                    == Array(hexadecimal: "bfc971f8cc1933ee52ca6661daf6d791fb23f3ec8d49279e728bc37ab23a81a8")
            )
        }
        let wires = try [dialer, listener].map { result in
            let transform = try #require(result.transform)
            var sealer = transform.makeSealer()
            var wire = ByteBuffer()
            try Array("hello".utf8).withUnsafeBytes { try sealer.seal($0, into: &wire) }
            try sealer.sealEnd(into: &wire)
            return Array(wire.readableBytesView)
        }
        #expect(
            wires == [
                Array(hexadecimal: "0000000568656c6c6f3c3c82f2aa2e7c803d2213a9c81757a78000000014484bc4d8195a97957a5c1edba0223b"),
                Array(hexadecimal: "0000000568656c6c6fa859d4a87b03a6d3165dd937e0bbcc8480000000136db52dc774235b90a0d91f7d198497"),
            ]
        )
    }
}
